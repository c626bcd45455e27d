"""The harness of test/e2e (servers, HTTP and WebSocket byte for byte), importable from here."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from kvs_http import Connection, ConnectionEnded, request_bytes  # noqa: E402
from kvs_server import BINARY, Server  # noqa: E402
from kvs_streams import Refused as StreamRefused  # noqa: E402
from kvs_streams import Stream  # noqa: E402
from kvs_websocket import CLOSE, PING, PONG, TEXT, UpgradeRefused, Watch  # noqa: E402

__all__ = ["BINARY", "CLOSE", "Connection", "ConnectionEnded", "PING", "PONG", "Server", "Stream",
           "StreamRefused", "TEXT", "UpgradeRefused", "Watch", "request_bytes"]
