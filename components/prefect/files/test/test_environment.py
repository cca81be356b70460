import json
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import support

sys.path.insert(0, str(support.FILES))
import environment  # noqa: E402


class Environment(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.files = pathlib.Path(folder.name)
        self.bundle = self.files / "bundle.pem"
        patched = mock.patch.dict(os.environ)
        patched.start()
        self.addCleanup(patched.stop)

    def test_without_files_nothing_changes(self):
        before = dict(os.environ)
        environment.complete(self.files, self.bundle)
        self.assertEqual(before, dict(os.environ))
        self.assertFalse(self.bundle.exists())

    def test_secrets_become_variables(self):
        (self.files / "secret-environment.json").write_text(json.dumps({"TOKEN": 'a"b$c'}))
        environment.complete(self.files, self.bundle)
        self.assertEqual('a"b$c', os.environ["TOKEN"])

    def test_a_further_authority_is_trusted_beside_the_public_ones(self):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=our own", "-days", "1",
             "-keyout", self.files / "key.pem", "-out", self.files / "extra-ca.pem"],
            check=True, capture_output=True,
        )
        environment.complete(self.files, self.bundle)
        names = [dict(part[0] for part in each["subject"]).get("commonName") for each in ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"]).get_ca_certs()]
        self.assertIn("our own", names)
        self.assertGreater(len(names), 50)

    def test_what_is_no_certificate_stops_the_start(self):
        (self.files / "extra-ca.pem").write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
        with self.assertRaises(ssl.SSLError):
            environment.complete(self.files, self.bundle)
