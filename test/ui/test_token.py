#!/usr/bin/env python3
"""The page /ui/ in a real browser: a token asked for, kept, sent, and what one without a right is told."""
import os
import signal
import subprocess
import tempfile

from ui_harness import *

from kvs_server import BINARY, environment

GRANTS = {"reader": ["read"], "writer": ["write"], "app": ["read:app/", "write:app/"], "admin": ["admin"]}

# What the page asks for, in whatever way.
LISTEN_IN = """
  window.addresses = [];
  const fetched = window.fetch;
  window.fetch = (target, options) => { addresses.push(String(target)); return fetched(target, options); };
  const Real = WebSocket;
  window.WebSocket = class extends Real {
    constructor(url, protocols) { super(url, protocols); addresses.push(url); }
  };"""


class GuardedPage(PageTest):
    """The server knows these tokens and nobody else."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        directory = tempfile.TemporaryDirectory(prefix="kvs-ui-auth-")
        cls.addClassCleanup(directory.cleanup)
        cls.auth = os.path.join(directory.name, "auth")
        cls.tokens, cls.lines = {}, {}
        for name, grants in GRANTS.items():
            made = subprocess.run([BINARY, "token", "create", name, *grants], capture_output=True, text=True, check=True,
                                  env=environment({}))
            cls.tokens[name], cls.lines[name] = made.stdout.strip(), made.stderr
        cls.login = {"Authorization": "Bearer " + cls.tokens["admin"]}
        cls.flags = ("--auth-file", cls.auth)

    def setUp(self):
        self.let_in(*GRANTS)
        super().setUp()
        self.expected_complaints += ["Failed to load resource", "WebSocket"]  # the browser's words for a refusal

    def let_in(self, *names):
        with open(self.auth, "w", encoding="utf-8") as file:
            file.writelines(self.lines[name] for name in names)
        os.chmod(self.auth, 0o600)

    def seed(self):
        self.put("City", "Ahmedabad")
        self.put("app/limit", "7")
        listener = self.command("Page.addScriptToEvaluateOnNewDocument", source=LISTEN_IN)
        self.addCleanup(self.command, "Page.removeScriptToEvaluateOnNewDocument", **listener)

    def open(self, fragment=""):
        """The page as a stranger sees it: it asks who is there."""
        self.browser.get("about:blank")
        self.browser.get(self.address(fragment))
        self.wait_text("#token-note", "The server wants a token.")

    def answer(self, token):
        self.type("#token-field", token)
        self.press(Keys.ENTER)

    def come_in(self, name):
        self.answer(self.tokens[name])
        self.wait_gone("#token-dialog")
        self.wait_for(lambda: self.find("body").get_attribute("data-stream") == "live", "the stream to be live")


class Strangers(GuardedPage):
    def test_they_are_asked_for_a_token_and_shown_nothing(self):
        self.assertEqual(self.focused.get_attribute("id"), "token-field")
        self.assertEqual(self.find("#token-field").get_attribute("type"), "password")
        self.assertEqual((self.names(), self.texts("#feed li"), self.text("#tile-keys")), ([], [], "–"))
        self.shot("stranger")

    def test_who_does_not_answer_is_not_asked_again_but_told(self):
        self.press(Keys.ESCAPE)
        self.wait_gone("#token-dialog")
        self.wait_text("#banner-words", "Not connected: The server wants a token. Trying again……")
        self.wait_text("#keys-note", "The server wants a token.")
        self.try_now()
        self.wait_for(lambda: self.script("return addresses.filter((one) => one === '/v1/status').length") > 2, "more attempts")
        self.assertFalse(self.find("#token-dialog").is_displayed())
        self.shot("declined")

    def test_an_unknown_token_is_said_to_be_unknown(self):
        self.answer("no-such-token")
        self.wait_text("#token-note", "The server does not know this token.")
        self.come_in("reader")
        self.assertEqual(self.names(), ["City", "app/"])

    def test_a_token_is_in_no_address(self):
        self.come_in("admin")
        self.choose("City")
        self.wait_text("#value", "Ahmedabad")
        asked = self.script("return addresses")
        self.assertTrue(any("/v1/watch" in address for address in asked), asked)
        self.assertTrue(any("/v1/kv/City" in address for address in asked), asked)
        for address in (*asked, self.browser.current_url):
            self.assertNotIn(self.tokens["admin"], address)


class Rights(GuardedPage):
    def test_a_reader_reads_and_is_told_what_it_may_not(self):
        self.come_in("reader")
        self.put("City", "Surat")
        self.wait_for(lambda: self.texts("#feed .value")[:1] == ["Surat"], "the change")
        self.assertEqual(self.text("#what-rate"), "writes/s")  # metrics are not for it
        self.choose("City")
        self.wait_text("#value", "Surat")
        self.click("#edit")
        self.wait_for(lambda: self.find("#editor").get_attribute("data-state") == "open", "the editor")
        self.type("#new-value", "Vadodara")
        self.click("#save")
        self.wait_text("#editor-note", "reader may not write this key; ask for a token with that right")
        self.assertEqual(self.find("#new-value").get_attribute("value"), "Vadodara")
        self.shot("reader")
        self.script("location.hash = '#/key/City'")
        self.wait_shown("#delete").click()
        self.wait_shown("dialog .danger").click()
        self.wait_text("#entry-note", "reader may not write this key; ask for a token with that right")
        self.assertEqual(self.value("City"), b"Surat")

    def test_an_admin_does_everything(self):
        self.come_in("admin")
        self.wait_text("#what-rate", "requests/s")
        self.click("#new")
        self.type("#new-key", "Name")
        self.type("#new-value", "Prayag Savsani")
        self.click("#save")
        self.wait_text("#value", "Prayag Savsani")
        self.assertEqual(self.value("Name"), b"Prayag Savsani")
        self.wait_shown("#delete").click()
        self.wait_shown("dialog .danger").click()
        self.wait_for(lambda: self.value("Name") is None, "the key gone")
        self.assertEqual(self.script("return addresses.filter((one) => one.includes('token'))"), [])

    def test_who_may_see_a_part_sees_that_part(self):
        self.come_in("app")
        self.put("City", "Surat")
        self.put("app/limit", "8")
        self.wait_for(lambda: self.texts("#feed .value")[:1] == ["8"], "the change")
        self.assertEqual(self.names(), ["app/"])
        self.assertEqual(set(self.texts("#feed .key")), {"app/limit"})
        self.script("location.hash = '#/key/City'")
        self.wait_text("#entry-note", "app may not read this key; ask for a token with that right")

    def test_who_may_not_watch_is_told_so(self):
        self.answer(self.tokens["writer"])
        self.wait_text("#banner-words", "Not connected: writer may not read; ask for a token with that right. Trying again……")
        self.wait_text("#keys-note", "writer may not read; ask for a token with that right")
        self.shot("writer")


class NoLonger(GuardedPage):
    def test_a_token_that_is_taken_back_ends_the_stream(self):
        self.come_in("reader")
        self.let_in("admin")
        self.server.process.signal(signal.SIGHUP)
        self.wait_text("#token-note", "The server does not know this token.")
        self.assertEqual(self.text("#stream-state"), "not connected")

    def test_of_what_a_forgotten_token_showed_nothing_stays(self):
        self.come_in("reader")
        self.choose("City")
        self.wait_text("#value", "Ahmedabad")
        self.wait_for(lambda: self.texts("#feed .key"), "the feed")
        self.click("#token")
        self.wait_shown("#forget-token").click()
        self.wait_text("#token-note", "The server wants a token.")
        self.assertEqual((self.names(), self.texts("#feed li"), self.text("#value"), self.texts("#history-list li")),
                         ([], [], "", []))
        self.assertEqual(self.text("#tile-keys"), "–")


class OneToken(PageTest):
    def set_token(self, token):
        self.click("#token")
        self.wait_shown("#token-dialog")
        self.type("#token-field", token)
        self.press(Keys.ENTER)

    def test_it_is_kept_for_the_tab_and_sent_with_requests(self):
        self.script("""
          window.seen = [];
          const fetched = window.fetch;
          window.fetch = (target, options) => { seen.push(options.headers.Authorization); return fetched(target, options); };
          const Real = WebSocket;
          window.WebSocket = class extends Real {
            constructor(url, protocols) { super(url, protocols); seen.push(protocols.join(" ")); window.socket = this; }
          };""")
        self.set_token("secret-of-32_bytes")
        self.wait_gone("#token-dialog")
        self.wait_for(lambda: "kvs.v1 kvs.bearer.secret-of-32_bytes" in self.script("return seen"), "the subprotocols")
        self.assertIn("Bearer secret-of-32_bytes", self.script("return seen"))
        self.assertEqual(self.script("return sessionStorage.getItem('kvs.token')"), "secret-of-32_bytes")
        self.assertEqual(self.script("return localStorage.length"), 0)
        self.assertEqual(self.script("return document.cookie"), "")
        self.wait_for(lambda: self.script("return socket.protocol") == "kvs.v1", "the server's choice")
        self.open()
        self.assertEqual(self.find("#token").get_attribute("data-set"), "true")
        self.click("#token")
        self.wait_shown("#forget-token")
        self.click("#forget-token")
        self.wait_for(lambda: self.find("#token").get_attribute("data-set") == "false", "it forgotten")
        self.assertIsNone(self.script("return sessionStorage.getItem('kvs.token')"))

    def test_who_is_not_known_is_asked_for_one(self):
        self.script("""
          window.fetch = () => Promise.resolve(new Response('{"code":"unauthenticated","detail":"who are you?"}',
                                                            {status: 401}));""")
        self.wait_text("#token-note", "The server wants a token.")
        self.assertEqual(self.focused.get_attribute("id"), "token-field")
        self.shot("token")

    def test_what_cannot_be_one_is_not_sent(self):
        self.set_token("two words")
        self.wait_text("#token-note", "A token has letters…")
        self.assertIsNone(self.script("return sessionStorage.getItem('kvs.token')"))


if __name__ == "__main__":
    main()
