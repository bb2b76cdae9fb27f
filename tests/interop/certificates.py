# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys and certificates of a test, made with the openssl command."""

import subprocess
from pathlib import Path

from toolchain import program

_NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1"
_RSA = ("rsa:2048",)
_ECDSA = ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")


class Certificates:
    """ca, server (RSA), server_ecdsa, client, and what must be refused: other_ca, other_client
    (signed by it) and expired. `certificates.crt(name)` and `certificates.key(name)` are paths;
    keys are PKCS#8."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.openssl = program("openssl")
        self._authority("ca", "Headrig test CA")
        self._authority("other_ca", "Some other CA")
        self._signed("server", "ca", _RSA, "localhost", "serverAuth")
        self._signed("server_ecdsa", "ca", _ECDSA, "localhost", "serverAuth")
        self._signed("client", "ca", _RSA, "client", "clientAuth")
        self._signed("other_client", "other_ca", _RSA, "client", "clientAuth")
        self._expired("expired", "ca")

    def crt(self, name):
        return self.folder / f"{name}.crt"

    def key(self, name):
        return self.folder / f"{name}.key"

    def _call(self, *arguments):
        done = subprocess.run([self.openssl, *map(str, arguments)], cwd=self.folder,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"openssl {arguments[0]}: {done.stdout}")

    def _authority(self, name, common_name):
        self._call("req", "-x509", "-newkey", *_ECDSA, "-noenc", "-days", "30",
                   "-subj", f"/O=Headrig/CN={common_name}", "-keyout", self.key(name),
                   "-out", self.crt(name), "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def _request(self, name, key_kind, common_name):
        request = self.folder / f"{name}.csr"
        self._call("req", "-newkey", *key_kind, "-noenc", "-subj", f"/O=Headrig/CN={common_name}",
                   "-keyout", self.key(name), "-out", request)
        return request

    def _signed(self, name, issuer, key_kind, common_name, usage):
        request = self._request(name, key_kind, common_name)
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"basicConstraints=CA:FALSE\nextendedKeyUsage={usage}\n"
                              + (f"{_NAMES}\n" if usage == "serverAuth" else ""))
        self._call("x509", "-req", "-in", request, "-CA", self.crt(issuer), "-CAkey",
                   self.key(issuer), "-CAcreateserial", "-days", "30", "-extfile", extensions,
                   "-out", self.crt(name))

    def _expired(self, name, issuer):
        """`x509` knows no past dates, `ca` does."""
        request = self._request(name, _ECDSA, "localhost")
        (self.folder / "index.txt").touch()
        config = self.folder / "ca.cnf"
        config.write_text(
            "[ca]\ndefault_ca=test\n[test]\ndatabase=index.txt\nnew_certs_dir=.\n"
            "default_md=sha256\npolicy=any\nrand_serial=yes\nx509_extensions=ext\n"
            "[any]\norganizationName=optional\ncommonName=supplied\n"
            f"[ext]\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth\n{_NAMES}\n")
        self._call("ca", "-batch", "-notext", "-config", config, "-in", request, "-out",
                   self.crt(name), "-cert", self.crt(issuer), "-keyfile", self.key(issuer),
                   "-startdate", "20200101000000Z", "-enddate", "20200201000000Z")
