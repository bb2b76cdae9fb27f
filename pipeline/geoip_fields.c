/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/geoip_fields.h"

#include "codec/json_write.h"
#include "codec/number.h"

#define PATH 5 /* keys of a way into a record, and the NULL */

/* Groups of ECS; their fields stand side by side in the table. */
enum group { TOP, GROUP_AS, GROUP_GEO, GROUP_LOCATION, GROUP_MMDB, GROUP_TRAITS };

enum id {
    F_IP,
    F_DOMAIN,
    F_AS_NUMBER,
    F_AS_ORGANIZATION,
    F_CITY_NAME,
    F_COUNTRY_NAME,
    F_CONTINENT_CODE,
    F_CONTINENT_NAME,
    F_COUNTRY_CODE2,
    F_COUNTRY_CODE3,
    F_POSTAL_CODE,
    F_REGION_NAME,
    F_REGION_CODE,
    F_REGION_ISO_CODE,
    F_TIMEZONE,
    F_LOCATION,
    F_LATITUDE,
    F_LONGITUDE,
    F_DMA_CODE,
    F_ISP,
    F_ORGANIZATION,
    F_NETWORK,
    F_HOSTING_PROVIDER,
    F_TOR_EXIT_NODE,
    F_ANONYMOUS_VPN,
    F_ANONYMOUS,
    F_PUBLIC_PROXY,
    F_RESIDENTIAL_PROXY,
    FIELDS
};

#define BIT(id) ((geoip_set)1 << (id))

static const struct field {
    const char *name;   /* in the config */
    const char *legacy; /* key without ECS */
    enum group group;
    const char *ecs; /* key inside the group; NULL: not written */
    const char *path[PATH];
} fields[FIELDS] = {
    [F_IP] = { "ip", "ip", TOP, "ip", { NULL } },
    [F_DOMAIN] = { "domain", "domain", TOP, "domain", { "domain" } },
    [F_AS_NUMBER] = { "autonomous_system_number",
                      "asn",
                      GROUP_AS,
                      "number",
                      { "autonomous_system_number" } },
    [F_AS_ORGANIZATION] = { "autonomous_system_organization",
                            "as_org",
                            GROUP_AS,
                            "organization",
                            { "autonomous_system_organization" } },
    [F_CITY_NAME] = { "city_name", "city_name", GROUP_GEO, "city_name", { "city", "names", "en" } },
    [F_COUNTRY_NAME] = { "country_name",
                         "country_name",
                         GROUP_GEO,
                         "country_name",
                         { "country", "names", "en" } },
    [F_CONTINENT_CODE] = { "continent_code",
                           "continent_code",
                           GROUP_GEO,
                           "continent_code",
                           { "continent", "code" } },
    [F_CONTINENT_NAME] = { "continent_name",
                           "continent_name",
                           GROUP_GEO,
                           "continent_name",
                           { "continent", "names", "en" } },
    [F_COUNTRY_CODE2] = { "country_code2",
                          "country_code2",
                          GROUP_GEO,
                          "country_iso_code",
                          { "country", "iso_code" } },
    [F_COUNTRY_CODE3] = { "country_code3",
                          "country_code3",
                          GROUP_GEO,
                          NULL,
                          { "country", "iso_code" } },
    [F_POSTAL_CODE] = { "postal_code",
                        "postal_code",
                        GROUP_GEO,
                        "postal_code",
                        { "postal", "code" } },
    [F_REGION_NAME] = { "region_name",
                        "region_name",
                        GROUP_GEO,
                        "region_name",
                        { "subdivisions", "-1", "names", "en" } },
    [F_REGION_CODE] = { "region_code",
                        "region_code",
                        GROUP_GEO,
                        "region_code",
                        { "subdivisions", "-1", "iso_code" } },
    [F_REGION_ISO_CODE] = { "region_iso_code",
                            "region_iso_code",
                            GROUP_GEO,
                            "region_iso_code",
                            { "subdivisions", "-1", "iso_code" } },
    [F_TIMEZONE] = { "timezone", "timezone", GROUP_GEO, "timezone", { "location", "time_zone" } },
    [F_LOCATION] = { "location", "location", GROUP_LOCATION, NULL, { NULL } },
    [F_LATITUDE] = { "latitude", "latitude", GROUP_LOCATION, NULL, { "location", "latitude" } },
    [F_LONGITUDE] = { "longitude", "longitude", GROUP_LOCATION, NULL, { "location", "longitude" } },
    [F_DMA_CODE] = { "dma_code", "dma_code", GROUP_MMDB, "dma_code", { "location", "metro_code" } },
    [F_ISP] = { "isp", "isp", GROUP_MMDB, "isp", { "isp" } },
    [F_ORGANIZATION] = { "organization",
                         "organization",
                         GROUP_MMDB,
                         "organization",
                         { "organization" } },
    [F_NETWORK] = { "network", "network", GROUP_TRAITS, "network", { NULL } },
    [F_HOSTING_PROVIDER] = { "hosting_provider",
                             "hosting_provider",
                             GROUP_TRAITS,
                             "hosting_provider",
                             { "is_hosting_provider" } },
    [F_TOR_EXIT_NODE] = { "tor_exit_node",
                          "tor_exit_node",
                          GROUP_TRAITS,
                          "tor_exit_node",
                          { "is_tor_exit_node" } },
    [F_ANONYMOUS_VPN] = { "anonymous_vpn",
                          "anonymous_vpn",
                          GROUP_TRAITS,
                          "anonymous_vpn",
                          { "is_anonymous_vpn" } },
    [F_ANONYMOUS] = { "anonymous", "anonymous", GROUP_TRAITS, "anonymous", { "is_anonymous" } },
    [F_PUBLIC_PROXY] = { "public_proxy",
                         "public_proxy",
                         GROUP_TRAITS,
                         "public_proxy",
                         { "is_public_proxy" } },
    [F_RESIDENTIAL_PROXY] = { "residential_proxy",
                              "residential_proxy",
                              GROUP_TRAITS,
                              "residential_proxy",
                              { "is_residential_proxy" } },
};

/* ---- names and defaults ---- */

geoip_set
geoip_field(struct slice name)
{
    for (unsigned i = 0; i < FIELDS; i++)
        if (slice_eq_nocase(name, slice_of(fields[i].name)))
            return BIT(i);
    return 0;
}

geoip_set
geoip_default_fields(enum geoip_kind kind, bool ecs)
{
    switch (kind) {
    case GEOIP_CITY:
    case GEOIP_ENTERPRISE:
        return BIT(F_IP) | BIT(F_CITY_NAME) | BIT(F_CONTINENT_CODE) | BIT(F_COUNTRY_NAME) |
               BIT(F_COUNTRY_CODE2) | BIT(F_COUNTRY_CODE3) | BIT(F_POSTAL_CODE) | BIT(F_DMA_CODE) |
               BIT(F_REGION_NAME) | BIT(F_TIMEZONE) | BIT(F_LOCATION) | BIT(F_LATITUDE) |
               BIT(F_LONGITUDE) | BIT(ecs ? F_REGION_ISO_CODE : F_REGION_CODE);
    case GEOIP_COUNTRY:
        return BIT(F_IP) | BIT(F_COUNTRY_CODE2) | BIT(F_COUNTRY_NAME) | BIT(F_CONTINENT_NAME);
    case GEOIP_ASN: return BIT(F_IP) | BIT(F_AS_NUMBER) | BIT(F_AS_ORGANIZATION);
    case GEOIP_ISP:
        return BIT(F_IP) | BIT(F_AS_NUMBER) | BIT(F_AS_ORGANIZATION) | BIT(F_ISP) |
               BIT(F_ORGANIZATION);
    case GEOIP_DOMAIN: return BIT(F_DOMAIN);
    case GEOIP_ANONYMOUS:
        return BIT(F_HOSTING_PROVIDER) | BIT(F_TOR_EXIT_NODE) | BIT(F_ANONYMOUS_VPN) |
               BIT(F_ANONYMOUS) | BIT(F_PUBLIC_PROXY);
    case GEOIP_OTHER: break;
    }
    return 0;
}

bool
geoip_is_shared(geoip_set set)
{
    return (set & BIT(F_NETWORK)) == 0;
}

void
geoip_print_ip(geoip_set set, const struct ip *address, struct buf *out)
{
    char text[IP_TEXT];

    if (!(set & BIT(F_IP)))
        return;
    buf_append(out, SLICE("\"ip\":\""));
    buf_append(out, (struct slice){ text, ip_print(address, text) });
    buf_byte(out, '"');
}

/* ---- printing ---- */

struct printer {
    const struct geoip_db *db;
    const struct ip *address;
    const struct geoip_record *record;
    geoip_set set;
    struct buf *out;
};

static void
print_key(struct printer *p, const char *key)
{
    if (p->out->p[p->out->n - 1] != '{')
        buf_byte(p->out, ',');
    buf_printf(p->out, "\"%s\":", key);
}

static void
print_double(struct printer *p, double d)
{
    char text[NUMBER_TEXT];

    buf_append(p->out, (struct slice){ text, number_print_double(d, text) });
}

static void
print_value(struct printer *p, const struct geoip_value *v)
{
    switch (v->type) {
    case GEOIP_TEXT: json_write_string(v->text, p->out); return;
    case GEOIP_DOUBLE: print_double(p, v->real); return;
    case GEOIP_INTEGER: buf_int(p->out, v->integer); return;
    case GEOIP_BOOL: buf_append(p->out, v->integer ? SLICE("true") : SLICE("false")); return;
    case GEOIP_NOTHING: break;
    }
    UNREACHABLE("absent values are not printed");
}

/* In databases of the kind Enterprise what is not about the place lies below traits. */
static struct geoip_value
value_of(const struct printer *p, enum id id)
{
    const char *const *path = fields[id].path;
    struct geoip_value v = geoip_db_value(p->db, p->record->at, path);

    if (v.type == GEOIP_NOTHING && path[1] == NULL && geoip_db_kind(p->db) == GEOIP_ENTERPRISE)
        v = geoip_db_value(p->db, p->record->at, (const char *const[]){ "traits", path[0], NULL });
    if (v.type == GEOIP_NOTHING && id >= F_HOSTING_PROVIDER &&
        geoip_db_kind(p->db) == GEOIP_ANONYMOUS)
        v.type = GEOIP_BOOL; /* left out where it is false */
    return v;
}

static void
print_network(struct printer *p, const char *key)
{
    struct ip_range range = ip_range_of(p->address, p->record->prefix);
    char text[IP_TEXT];

    print_key(p, key);
    buf_byte(p->out, '"');
    buf_append(p->out, (struct slice){ text, ip_print(&range.from, text) });
    buf_printf(p->out, "/%u\"", p->record->prefix);
}

/* US-IL: of the country and of its part. */
static void
print_region(struct printer *p, const char *key, const struct geoip_value *part)
{
    struct geoip_value country = value_of(p, F_COUNTRY_CODE2);
    struct buf text = { 0 };

    if (country.type != GEOIP_TEXT || part->type != GEOIP_TEXT)
        return;
    buf_append(&text, country.text);
    buf_byte(&text, '-');
    buf_append(&text, part->text);
    print_key(p, key);
    json_write_string(buf_slice(&text), p->out);
    buf_fini(&text);
}

static void
print_field(struct printer *p, enum id id, const char *key)
{
    struct geoip_value v;

    if (!(p->set & BIT(id)) || key == NULL)
        return;
    if (id == F_NETWORK) {
        print_network(p, key);
        return;
    }
    v = value_of(p, id);
    if (id == F_REGION_ISO_CODE) {
        print_region(p, key, &v);
    } else if (v.type != GEOIP_NOTHING) {
        print_key(p, key);
        print_value(p, &v);
    }
}

/* {lat,lon}, of those that are asked for and there. */
static void
print_location(struct printer *p, bool latitude, bool longitude)
{
    struct geoip_value lat = value_of(p, F_LATITUDE), lon = value_of(p, F_LONGITUDE);

    latitude = latitude && lat.type == GEOIP_DOUBLE;
    longitude = longitude && lon.type == GEOIP_DOUBLE;
    if (!latitude && !longitude)
        return;
    print_key(p, "location");
    buf_byte(p->out, '{');
    if (latitude) {
        print_key(p, "lat");
        print_double(p, lat.real);
    }
    if (longitude) {
        print_key(p, "lon");
        print_double(p, lon.real);
    }
    buf_byte(p->out, '}');
}

static void
print_legacy(struct printer *p)
{
    for (unsigned i = F_IP + 1; i < FIELDS; i++)
        if (i != F_LOCATION)
            print_field(p, (enum id)i, fields[i].legacy);
    if (p->set & BIT(F_LOCATION))
        print_location(p, true, true);
}

/* Opens the group, and takes that back when nothing came into it. */
static void
print_group(struct printer *p, enum group group, const char *name)
{
    size_t before = p->out->n, start;

    print_key(p, name);
    buf_byte(p->out, '{');
    start = p->out->n;
    for (unsigned i = F_IP + 1; i < FIELDS; i++)
        if (fields[i].group == group && i != F_AS_ORGANIZATION)
            print_field(p, (enum id)i, fields[i].ecs);
    if (group == GROUP_GEO)
        print_location(p, p->set & (BIT(F_LOCATION) | BIT(F_LATITUDE)),
                       p->set & (BIT(F_LOCATION) | BIT(F_LONGITUDE)));
    if (group == GROUP_AS && p->set & BIT(F_AS_ORGANIZATION)) {
        struct geoip_value v = value_of(p, F_AS_ORGANIZATION);

        if (v.type == GEOIP_TEXT) {
            print_key(p, "organization");
            buf_append(p->out, SLICE("{\"name\":"));
            print_value(p, &v);
            buf_byte(p->out, '}');
        }
    }
    if (p->out->n == start)
        p->out->n = before;
    else
        buf_byte(p->out, '}');
}

bool
geoip_print(const struct geoip_db *db, geoip_set set, bool ecs, const struct ip *address,
            const struct geoip_record *record, struct buf *out)
{
    struct printer p = { db, address, record, set, out };
    bool place = geoip_db_kind(db) == GEOIP_CITY || geoip_db_kind(db) == GEOIP_ENTERPRISE;

    /* Without coordinates the rest is most often missing, too: not found. */
    if (place && value_of(&p, F_LATITUDE).type != GEOIP_DOUBLE &&
        value_of(&p, F_LONGITUDE).type != GEOIP_DOUBLE)
        return false;
    buf_byte(out, '{');
    geoip_print_ip(set, address, out);
    if (ecs) {
        print_field(&p, F_DOMAIN, fields[F_DOMAIN].ecs);
        print_group(&p, GROUP_AS, "as");
        print_group(&p, GROUP_GEO, "geo");
        print_group(&p, GROUP_MMDB, "mmdb");
        print_group(&p, GROUP_TRAITS, "ip_traits");
    } else {
        print_legacy(&p);
    }
    buf_byte(out, '}');
    return true;
}
