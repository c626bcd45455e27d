#!/usr/bin/env python3
"""The files of the page /ui/ over HTTP: what they are sent with, and who is sent there."""
from kvs_harness import *

PAGE = ROOT / "kvs" / "net" / "ui"
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


class Page(ServerTest):
    def test_every_file_is_served_as_it_stands_in_the_source(self):
        for path in PAGE.iterdir():
            answer = self.ask("GET", "/ui/" + path.name)
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.body, path.read_bytes())
            self.assertEqual(answer.header("Content-Type"), TYPES[path.suffix])
        self.assertEqual(self.ask("GET", "/ui/").body, (PAGE / "index.html").read_bytes())

    def test_all_of_it_is_small(self):
        self.assertLessEqual(sum(path.stat().st_size for path in PAGE.iterdir()), 100_000)

    def test_the_fields_that_keep_a_page_to_itself(self):
        for name in ("", "app.js", "style.css"):
            answer = self.ask("GET", "/ui/" + name)
            rules = dict(rule.split(" ", 1) for rule in answer.header("Content-Security-Policy").split("; "))
            self.assertEqual(rules["default-src"], "'none'")
            self.assertEqual({rules["script-src"], rules["style-src"], rules["connect-src"]}, {"'self'"})
            for rule in ("base-uri", "form-action", "frame-ancestors", "trusted-types"):
                self.assertEqual(rules[rule], "'none'")
            self.assertNotIn("unsafe", answer.header("Content-Security-Policy"))
            self.assertEqual(answer.header("X-Content-Type-Options"), "nosniff")
            self.assertEqual(answer.header("Referrer-Policy"), "no-referrer")
            self.assertEqual(answer.header("Cross-Origin-Opener-Policy"), "same-origin")
            self.assertEqual(answer.header("Cache-Control"), "no-cache")

    def test_nothing_is_inline(self):
        html = (PAGE / "index.html").read_text()
        self.assertNotRegex(html, r"<script(?![^>]*src=)|<style|\sstyle=|\son[a-z]+=")

    def test_an_entity_tag_saves_the_body(self):
        first = self.ask("GET", "/ui/app.js")
        other = self.ask("GET", "/ui/style.css")
        self.assertRegex(first.etag, r'^"[0-9a-f]{16}"$')
        self.assertNotEqual(first.etag, other.etag)
        for tags in (first.etag, "W/" + first.etag, other.etag + ", " + first.etag, "*"):
            answer = self.ask("GET", "/ui/app.js", {"If-None-Match": tags})
            self.assertEqual((answer.status, answer.body), (304, b""))
            self.assertEqual(answer.etag, first.etag)
            self.assertEqual(answer.header("Cache-Control"), "no-cache")
        self.assertEqual(self.ask("GET", "/ui/app.js", {"If-None-Match": other.etag}).status, 200)

    def test_head_is_get_without_the_body(self):
        whole = self.ask("GET", "/ui/")
        head = self.ask("HEAD", "/ui/")
        self.assertEqual((head.status, head.body), (200, b""))
        for name in ("Content-Length", "Content-Type", "ETag", "Content-Security-Policy"):
            self.assertEqual(head.header(name), whole.header(name))

    def test_what_is_not_there_or_not_allowed(self):
        for path in ("/ui/none.js", "/ui/../ui/app.js", "/ui//app.js", "/ui/app.js/"):
            answer = self.ask("GET", path)
            self.assertEqual((answer.status, answer.header("Content-Type")), (404, "text/plain; charset=utf-8"))
        answer = self.ask("PUT", "/ui/app.js", None, b"alert(1)")
        self.assertEqual((answer.status, answer.header("Allow")), (405, "GET, HEAD, OPTIONS"))
        self.assertEqual(self.ask("GET", "/ui/app.js", {"Host": "rebound.example"}).status, 421)

    def test_without_its_slash_it_leads_to_the_page(self):
        answer = self.ask("GET", "/ui")
        self.assertEqual((answer.status, answer.header("Location")), (307, "/ui/"))

    def test_browsers_are_sent_there_and_others_get_the_examples(self):
        answer = self.ask("GET", "/", BROWSER)
        self.assertEqual((answer.status, answer.header("Location")), (302, "/ui/"))
        self.assertEqual(answer.header("Vary"), "Accept")
        for accept in ("*/*", None, "text/plain", "text/html;q=0"):
            answer = self.ask("GET", "/", {"Accept": accept})
            self.assertEqual((answer.status, answer.header("Content-Type")), (200, "text/plain; charset=utf-8"))
            self.assertEqual(answer.header("Vary"), "Accept")
            self.assertIn(b"curl http://127.0.0.1", answer.body)
            self.assertIn(b"/ui/", answer.body)


class WithoutPage(ServerTest):
    flags = ("--ui", "off")

    def test_there_is_none(self):
        for path in ("/ui/", "/ui", "/ui/app.js"):
            self.assertEqual(self.ask("GET", path).status, 404)
        answer = self.ask("GET", "/", BROWSER)
        self.assertEqual(answer.status, 200)
        self.assertNotIn(b"/ui/", answer.body)
        self.assertIn(b"curl", answer.body)


if __name__ == "__main__":
    main()
