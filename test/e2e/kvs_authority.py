"""Certificates of the test's own."""
import os
import subprocess


class Authority:
    """Makes certificates in a directory of its own (openssl(1))."""

    def __init__(self, directory, name="ca"):
        self.directory, self.name = directory, name
        self.openssl("req", "-x509", *self.NEW_KEY, "-keyout", self.path("key"), "-out", self.path("pem"), "-days", "2",
                     "-subj", "/CN=test " + name)

    NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")

    @staticmethod
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)

    def path(self, suffix, name=None):
        return os.path.join(self.directory, f"{name or self.name}.{suffix}")

    def issue(self, name, names, days=2):
        """(certificate, key); over whatever was issued under that name before. `names` may be empty; with negative
        `days` it is past."""
        request, extension = self.path("csr", name), self.path("ext", name)
        self.openssl("req", *self.NEW_KEY, "-keyout", self.path("key", name), "-out", request, "-subj", "/CN=ignored")
        os.chmod(self.path("key", name), 0o600)
        with open(extension, "w", encoding="utf-8") as file:
            file.write("subjectAltName=" + names + "\n" if names else "basicConstraints=CA:FALSE\n")
        self.openssl("x509", "-req", "-in", request, "-CA", self.path("pem"), "-CAkey", self.path("key"), "-CAcreateserial",
                     "-days", str(days), "-extfile", extension, "-out", self.path("pem", name))
        return self.path("pem", name), self.path("key", name)
