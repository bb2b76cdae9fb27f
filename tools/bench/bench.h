/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What benchmarks share: CPU time of the thread, the machine, median and spread of runs. */
#ifndef TOOLS_BENCH_BENCH_H
#define TOOLS_BENCH_BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

static inline double
bench_cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static inline int
bench_by_size(const void *x, const void *y)
{
    const double *a = x, *b = y;

    return *a < *b ? -1 : *a > *b;
}

/* Sorts the runs; the median, and the distance of the extremes in percent of it. */
static inline double
bench_median(double *runs, unsigned n, double *spread)
{
    double median;

    qsort(runs, n, sizeof *runs, bench_by_size);
    median = runs[n / 2];
    *spread = (runs[n - 1] - runs[0]) / median * 100;
    return median;
}

static inline void
bench_machine(void)
{
    struct utsname os;
    char line[256];
    FILE *f = fopen("/proc/cpuinfo", "re");

    uname(&os);
    printf("kernel %s, compiler %s\n", os.release, __VERSION__);
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, "model name", 10) == 0) {
            printf("%s", line);
            break;
        }
    }
    if (f != NULL)
        fclose(f);
}

#endif
