#!/usr/bin/env python3
"""The page /ui/ in a real browser: keys, values, writes and conflicts."""
import os

from ui_harness import *


class KeyTree(PageTest):
    def seed(self):
        for key, value in (("City", "Ahmedabad"), ("services/web/1", '{"port":80,"id":12345678901234567890}'),
                           ("services/web/2", "b"), ("services/db", "c"), ("a%20b%2B%2F%2Fc%3F%23", "odd"),
                           ("%FF%00", "bytes")):
            self.put(key, value)

    def test_a_tree_by_slashes_opens_folder_by_folder(self):
        self.assertEqual(self.names(), ["City", "a b+/", "services/", "\\xff\\x00"])
        self.choose("services/")
        self.wait_row("web/")
        self.assertEqual(self.names(), ["City", "a b+/", "services/", "db", "web/", "\\xff\\x00"])
        self.choose("web/")
        self.wait_row("2")
        self.choose("services/")
        self.assertEqual(self.names(), ["City", "a b+/", "services/", "\\xff\\x00"])

    def test_a_prefix_leaves_what_begins_so(self):
        self.type("#prefix", "services/w")
        self.wait_for(lambda: self.names() == ["services/web/"], "one folder")
        self.type("#prefix", "nothing")
        self.wait_text("#keys-note", "No key begins so.")
        self.assertEqual(self.names(), [])

    def test_keys_of_any_bytes_can_be_opened(self):
        self.choose("\\xff\\x00")
        self.wait_text("#value", "bytes")
        self.choose("a b+/")
        self.choose("/")
        self.choose("c?#")
        self.wait_text("#value", "odd")
        self.assertEqual(self.text("#entry-key"), "a b+//c?#")

    def test_a_key_that_browsers_cannot_ask_for_is_said_so(self):
        self.put("%2E%2E", "dots")
        self.choose("..")
        self.wait_text("#entry-note", "No browser can ask for a key named \"..\"…")

    def test_keys_that_come_and_go_do_so_in_the_tree(self):
        self.put("new/deep", "1")
        self.wait_row("new/")
        self.remove("City")
        self.wait_for(lambda: self.row("City") is None, "City gone")
        self.remove("new/deep")
        self.wait_for(lambda: self.row("new/") is None, "the folder gone")

    def test_a_key_that_is_changed_lights_up_and_so_does_its_folder(self):
        self.put("City", "Surat")
        self.wait_for(lambda: "flash" in self.row("City").get_attribute("class"), "City lit up")
        self.put("services/web/1", "x")
        self.wait_for(lambda: "flash" in self.row("services/").get_attribute("class"), "the folder lit up")


class Pages(PageTest):
    def seed(self):
        with self.server.connect() as connection:
            for number in range(250):
                connection.request("PUT", "/v1/kv/many/%03d" % number, body="v")

    def test_a_long_list_comes_in_pages(self):
        self.choose("many/")
        self.wait_row("099")
        self.assertEqual(len(self.names()), 101)
        self.choose_more()
        self.wait_row("199")
        self.choose_more()
        self.wait_row("249")
        self.assertEqual(self.all("[data-more]"), [])
        self.assertEqual(self.names()[1:], ["%03d" % number for number in range(250)])

    def choose_more(self):
        self.click("[data-more] .line")


class Values(PageTest):
    def seed(self):
        self.put("text", "first\nsecond")
        self.put("json", '{"b":[1,{}],"a":12345678901234567890,"a":1.0}', headers={"Content-Type": "application/json"})
        self.put("binary", bytes(range(32)))
        self.put("empty", "")
        self.put("html", "<img src=x onerror=alert(1)>")

    def chosen_form(self):
        return self.find("[name=form]:checked").get_attribute("value")

    def test_text(self):
        self.choose("text")
        self.wait_text("#value", "first\nsecond")
        self.assertEqual(self.chosen_form(), "text")
        self.assertFalse(self.find("[name=form][value=json]").is_enabled())

    def test_json_is_set_out_in_lines_and_keeps_its_digits(self):
        self.choose("json")
        self.wait_text("#value", '{\n  "b": [\n    1,\n    {}\n  ],\n  "a": 12345678901234567890,\n  "a": 1.0\n}')
        self.assertEqual(self.chosen_form(), "json")
        self.assertIn("application/json", self.text("#about"))
        self.click("[name=form][value=text]")
        self.assertEqual(self.text("#value"), '{"b":[1,{}],"a":12345678901234567890,"a":1.0}')

    def test_bytes_are_shown_in_hex(self):
        self.choose("binary")
        self.wait_text("#value", "00000000  00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f…")
        self.assertEqual(self.chosen_form(), "hex")

    def test_a_value_is_never_markup(self):
        self.choose("html")
        self.wait_text("#value", "<img src=x onerror=alert(1)>")
        self.assertEqual(self.all("#value img, #feed img"), [])

    def test_the_empty_value_is_said_to_be(self):
        self.choose("empty")
        self.wait_text("#value-note", "The value is empty.")

    def test_a_download_has_the_bytes(self):
        self.choose("binary")
        self.wait_text("#entry-key", "binary")
        self.wait_for(lambda: self.find("#download").is_enabled(), "the button")
        self.click("#download")
        path = os.path.join(self.downloads, "binary")
        self.wait_for(lambda: os.path.exists(path) and os.path.getsize(path) == 32, "the file")
        with open(path, "rb") as file:
            self.assertEqual(file.read(), bytes(range(32)))

    def test_a_value_that_changes_is_shown_as_it_is_now(self):
        self.choose("text")
        self.wait_text("#value", "first\nsecond")
        revision = self.put("text", "third")
        self.wait_text("#value", "third")
        self.assertEqual(self.find("#entry").get_attribute("data-revision"), str(revision))

    def test_a_time_to_live_is_counted_down(self):
        self.put("short", "v", "?ttl=1h")
        self.choose("short")
        self.wait_for(lambda: self.texts("#expiry") and self.text("#expiry").startswith("59m"), "the time left")

    def test_a_key_that_is_gone_is_said_to_be(self):
        self.choose("text")
        self.wait_text("#value", "first\nsecond")
        self.remove("text")
        self.wait_text("#entry-note", "Deleted. Its last value…")
        self.assertEqual(self.text("#edit"), "Create")
        self.expected_complaints.append("never?record=1")
        self.open("#/key/never")
        self.wait_text("#entry-note", "There is no such key.")


class Writes(PageTest):
    def seed(self):
        self.put("City", "Ahmedabad", headers={"Content-Type": "text/plain"})

    def edit(self, value):
        self.choose("City")
        self.wait_text("#value", "Ahmedabad")
        self.click("#edit")
        self.wait_for(lambda: self.find("#editor").get_attribute("data-state") == "open", "the editor")
        self.type("#new-value", value)

    def test_a_key_is_made(self):
        self.click("#new")
        self.wait_shown("#new-key")
        self.type("#new-key", "services/mail")
        self.type("#new-value", "smtp")
        self.type("#ttl", "1h")
        self.type("#type", "text/plain")
        self.click("#save")
        self.wait_text("#value", "smtp")
        self.assertEqual(self.text("#entry-key"), "services/mail")
        record = self.server.request("GET", "/v1/kv/services/mail?record=1").json()
        self.assertEqual((record["value"], record["content_type"]), ("smtp", "text/plain"))
        self.assertIn("expires", record)
        self.wait_row("services/")

    def test_a_file_becomes_a_value(self):
        path = os.path.join(self.downloads, "in.bin")
        with open(path, "wb") as file:
            file.write(bytes(range(256)))
        self.click("#new")
        self.wait_shown("#new-key")
        self.type("#new-key", "file")
        self.find("#file").send_keys(path)
        self.wait_text("#file-note", "in.bin, 256 B, becomes the value.")
        self.click("#save")
        self.wait_text("#value", "00000000  00 01 02…")
        self.assertEqual(self.value("file"), bytes(range(256)))

    def test_an_edit_keeps_the_content_type(self):
        self.edit("Surat")
        self.click("#save")
        self.wait_text("#value", "Surat")
        record = self.server.request("GET", "/v1/kv/City?record=1").json()
        self.assertEqual((record["value"], record["content_type"], record["version"]), ("Surat", "text/plain", 2))

    def test_line_ends_stay_what_they_were(self):
        self.put("dos", "a\r\nb\r\n")
        self.open("#/edit/dos")
        self.wait_for(lambda: self.find("#new-value").get_attribute("value") == "a\nb\n", "the value")
        self.find("#new-value").send_keys("c")
        self.click("#save")
        self.wait_for(lambda: self.value("dos") == b"a\r\nb\r\nc", "the value on the server")

    def conflict(self):
        self.edit("Surat")
        theirs = self.put("City", "Vadodara")
        self.wait_text("#editor-note", "Somebody has changed it meanwhile…")
        self.expected_complaints.append("412")
        self.click("#save")
        self.wait_shown("#conflict")
        return theirs

    def test_a_conflict_shows_both_versions_and_overwrites_nothing(self):
        theirs = self.conflict()
        self.assertEqual(self.text("#conflict-mine"), "Surat")
        self.assertEqual(self.text("#conflict-theirs"), "Vadodara")
        self.assertIn("revision %d" % theirs, self.text("#theirs-title"))
        self.assertEqual(self.value("City"), b"Vadodara")
        self.assertEqual(self.focused.get_attribute("id"), "conflict-title")
        self.shot("conflict")

    def test_of_a_conflict_mine_may_be_taken_knowingly(self):
        self.conflict()
        self.click("#take-mine")
        self.wait_text("#value", "Surat")
        self.assertEqual(self.value("City"), b"Surat")

    def test_of_a_conflict_mine_is_not_taken_over_yet_another_change(self):
        self.conflict()
        newer = self.put("City", "Rajkot")
        self.click("#take-mine")
        self.wait_text("#conflict-theirs", "Rajkot")
        self.assertEqual(self.find("#conflict").get_attribute("data-revision"), str(newer))
        self.assertEqual(self.value("City"), b"Rajkot")

    def test_of_a_conflict_theirs_may_be_taken(self):
        self.conflict()
        self.click("#take-theirs")
        self.wait_text("#value", "Vadodara")
        self.assertEqual(self.value("City"), b"Vadodara")

    def test_after_a_conflict_one_may_edit_on(self):
        theirs = self.conflict()
        self.click("#merge")
        self.assertEqual(self.find("#new-value").get_attribute("value"), "Surat")
        self.assertEqual(self.find("#editor-base").get_attribute("data-revision"), str(theirs))
        self.find("#new-value").send_keys(" and Vadodara")
        self.click("#save")
        self.wait_text("#value", "Surat and Vadodara")

    def test_a_new_key_does_not_replace_one_that_is_there(self):
        self.expected_complaints.append("412")
        self.click("#new")
        self.wait_shown("#new-key")
        self.type("#new-key", "City")
        self.type("#new-value", "mine")
        self.click("#save")
        self.wait_text("#conflict-words", "There is such a key already…")
        self.assertEqual(self.value("City"), b"Ahmedabad")

    def test_what_was_left_unsaved_is_there_again(self):
        self.edit("half a thought")
        self.script("location.hash = '#/status'")
        self.wait_shown("#status-list")
        self.script("location.hash = '#/edit/City'")
        self.wait_text("#editor-note", "This is what you left here unsaved.")
        self.assertEqual(self.find("#new-value").get_attribute("value"), "half a thought")

    def test_a_refusal_is_shown_in_the_servers_words(self):
        self.edit("v")
        self.type("#ttl", "30")
        self.expected_complaints.append("400")
        self.click("#save")
        self.wait_text("#editor-note", "ttl…")
        self.assertEqual(self.value("City"), b"Ahmedabad")

    def test_deleting_asks_first(self):
        self.choose("City")
        self.wait_text("#value", "Ahmedabad")
        self.click("#delete")
        self.wait_shown("dialog[open]")
        self.assertEqual(self.text("dialog[open] .key"), "City")
        self.press(Keys.ESCAPE)
        self.wait_gone("dialog[open]")
        self.assertEqual(self.value("City"), b"Ahmedabad")
        self.click("#delete")
        self.wait_shown("dialog[open]")
        self.click("dialog[open] .danger")
        self.wait_text("#entry-note", "Deleted. Its last value…")
        self.assertIsNone(self.value("City"))

    def test_a_key_that_was_changed_is_not_deleted_unseen(self):
        self.choose("City")
        self.wait_text("#value", "Ahmedabad")
        self.click("#delete")
        self.wait_shown("dialog[open]")
        self.put("City", "Vadodara")
        self.expected_complaints.append("412")
        self.click("dialog[open] .danger")
        self.wait_text("dialog[open] .warning", "It was changed since you looked…")
        self.assertEqual(self.text("dialog[open] pre"), "Vadodara")
        self.assertEqual(self.value("City"), b"Vadodara")
        self.click("dialog[open] .danger")
        self.wait_gone("dialog[open]")
        self.wait_for(lambda: self.value("City") is None, "the key gone")


if __name__ == "__main__":
    main()
