"""Completes a launcher's environment, before Prefect is imported, with what comes in files: secrets for flows, and further certificate authorities.

`docker inspect` shows the environment that a container was made with; what is set here it does not.
"""

import json
import os
import pathlib
import ssl

FILES = pathlib.Path(__file__).resolve().parent


def complete(files: pathlib.Path = FILES, bundle: pathlib.Path = pathlib.Path("/tmp/ca.pem")) -> None:
    secrets = files / "secret-environment.json"
    if secrets.exists():
        os.environ.update(json.loads(secrets.read_text()))

    more = files / "extra-ca.pem"
    if more.exists():
        import certifi  # what Prefect's HTTP client would use

        bundle.write_text(pathlib.Path(certifi.where()).read_text() + "\n" + more.read_text())
        ssl.create_default_context(cafile=bundle)  # fails here, and not in the first flow, when the file is no certificate
        for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            os.environ[name] = str(bundle)
