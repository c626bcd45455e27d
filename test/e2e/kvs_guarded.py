"""A server that asks for tokens, and a token for each kind of right."""
import os
import signal
import tempfile

from kvs_cli import CommandTest, kvs

GRANTS = {"reader": ["read"], "writer": ["write"], "app": ["read:app/", "write:app/"], "meter": ["metrics"],
          "admin": ["admin"]}


class Guarded(CommandTest):
    more_flags = ()

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.directory.cleanup)
        cls.auth = os.path.join(cls.directory.name, "auth")
        cls.tokens, cls.lines = {}, {}
        for name, grants in GRANTS.items():
            code, out, err = kvs("token", "create", name, *grants)
            assert code == 0, err
            cls.tokens[name], cls.lines[name] = out.strip(), err
        cls.write(cls.lines)
        cls.flags = ("--auth-file", cls.auth, *cls.more_flags)
        super().setUpClass()

    def setUp(self):
        for key in ("app/a", "app/b", "apple", "other"):
            self.ask("PUT", "/v1/kv/" + key, self.bearer("admin"), "v")

    @classmethod
    def write(cls, lines):
        with open(cls.auth, "w", encoding="utf-8") as file:
            file.write("# who may come in\n" + "".join(lines.values()))
        os.chmod(cls.auth, 0o600)

    @classmethod
    def bearer(cls, name):
        return {"Authorization": "Bearer " + cls.tokens[name]}

    def reload(self, count):
        self.server.process.signal(signal.SIGHUP)
        self.server.process.wait_line("settings read again", count=count)
