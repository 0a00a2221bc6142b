"""A door with TLS in front of the emulator, which speaks none: functions send their credentials only over TLS."""

import asyncio
import datetime
import ipaddress
import ssl
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ADDRESS = "127.0.0.1"


class TlsDoor:
    """Passes on what arrives to a port of this machine. `certificate` is the file by which it is to be known."""

    def __init__(self, folder, port):
        self.certificate, key = folder / "door.pem", folder / "door.key"
        write_certificate(self.certificate, key)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate, key)
        self.behind = port
        self.opened = threading.Event()
        # It ends with the test.
        threading.Thread(target=lambda: asyncio.run(self.serve()), daemon=True).start()
        assert self.opened.wait(10), "the door is not open"

    async def serve(self):
        server = await asyncio.start_server(self.lead, ADDRESS, 0, ssl=self.context)
        self.port = server.sockets[0].getsockname()[1]
        self.opened.set()
        await server.serve_forever()

    async def lead(self, reader, writer):
        inner_reader, inner_writer = await asyncio.open_connection(ADDRESS, self.behind)
        await asyncio.gather(pass_on(reader, inner_writer), pass_on(inner_reader, writer))


async def pass_on(reader, writer):
    """All that one side says, to the other, which is closed with it."""
    try:
        while said := await reader.read(65536):
            writer.write(said)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


def write_certificate(path, key_path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "door")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(ADDRESS))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key_path.write_bytes(key.private_bytes(*form))
