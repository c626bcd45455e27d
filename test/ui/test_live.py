#!/usr/bin/env python3
"""The page /ui/ in a real browser: the feed of changes, breaks in it, status, keyboard, narrow and dark."""
import json
import re

from ui_harness import *


class FeedOfChanges(PageTest):
    def seed(self):
        self.put("before", "the page")

    def keys(self):
        return self.texts("#feed .key")

    def test_changes_appear_newest_first(self):
        self.put("a", "1")
        self.put("b", "2")
        revision = self.remove("a")
        self.wait_for(lambda: self.keys()[:3] == ["a", "b", "a"], "three rows")
        first = self.find("#feed > li")
        self.assertEqual(first.get_attribute("data-op"), "delete")
        self.assertEqual(first.get_attribute("data-revision"), str(revision))
        self.assertIn("flash", first.get_attribute("class"))
        self.assertEqual(self.texts("#feed .op")[:3], ["delete", "create", "create"])
        self.assertEqual(self.texts("#feed .value")[1], "2")

    def test_what_happened_before_the_page_came_is_there_too(self):
        self.wait_for(lambda: "before" in self.keys(), "the change before")
        self.assertNotIn("flash", self.find("#feed > li").get_attribute("class") or "")

    def test_paused_nothing_moves_and_nothing_is_lost(self):
        self.wait_for(lambda: self.keys(), "rows")
        self.click("#pause")
        before = self.keys()
        for number in range(3):
            self.put("held", str(number))
        self.wait_text("#feed-note", "Paused. 3 new changes.")
        self.assertEqual(self.keys(), before)
        self.click("#pause")
        self.wait_for(lambda: self.keys() == ["held"] * 3 + before, "what was held")
        self.assertEqual(self.text("#feed-note"), "")

    def test_the_filter_leaves_what_contains_it(self):
        self.put("services/web", "1")
        self.put("City", "2")
        self.type("#feed-filter", "WEB")
        self.wait_for(lambda: self.keys() == ["services/web"], "the filtered rows")
        self.put("other", "3")
        self.put("web2", "4")
        self.wait_for(lambda: self.keys() == ["web2", "services/web"], "one more")
        self.type("#feed-filter", "none such")
        self.wait_text("#feed-none", "No change matches the filter.")

    def test_a_row_leads_to_its_key(self):
        self.put("there", "value")
        self.wait_for(lambda: self.keys()[0] == "there", "the row")
        self.click("#feed .key")
        self.wait_text("#value", "value")

    def test_those_who_hear_the_page_are_told_in_sentences(self):
        self.put("heard", "1")
        self.wait_text("#announce", "1 change, the last: set heard")

    def test_the_history_of_a_key(self):
        self.put("City", "Ahmedabad")
        self.put("City", "Surat")
        self.remove("City")
        self.put("City", "Vadodara")
        self.choose("City")
        self.wait_text("#value", "Vadodara")
        self.wait_for(lambda: len(self.all("#history-list > li")) == 4, "four steps")
        self.assertEqual(self.texts("#history-list .op"), ["create", "delete", "set", "create"])
        self.click("#history-list > li:nth-child(3) summary")
        self.wait_text("#history-list > li:nth-child(3) pre", "Surat")
        self.put("City", "Rajkot")
        self.wait_for(lambda: len(self.all("#history-list > li")) == 5, "one more")
        self.shot("history")


class Away(PageTest):
    """The server ends, and things happen before the page comes back."""

    def seed(self):
        self.put("City", "Ahmedabad")

    def kind(self):
        return self.find("#banner").get_attribute("data-kind") if self.find("#banner").is_displayed() else ""

    def break_connection(self):
        self.expected_complaints += ["WebSocket", "Failed to load", "ERR_CONNECTION"]
        self.server.kill()
        self.wait_for(lambda: self.kind() == "lost", "the banner")

    def come_back(self):
        self.try_now()
        self.wait_for(lambda: self.kind() not in ("lost", ""), "the other banner")
        return self.kind()

    def away_while(self, change):
        """What the banner is then. The page is held back, not the server: it asks for the status before it connects."""
        self.command("Network.enable")
        self.command("Network.setBlockedURLs", urls=["*/v1/status"])
        self.addCleanup(self.command, "Network.setBlockedURLs", urls=[])
        self.break_connection()
        self.restart()
        change()
        self.command("Network.setBlockedURLs", urls=[])
        return self.come_back()

    def fill(self):
        """Changes until the history no longer has its beginning."""
        begin = self.server.request("GET", "/v1/status").json()["revision"]
        with self.server.connect() as connection:
            for number in range(4000):
                connection.request("PUT", "/v1/kv/full", body="x" * 1000)
                if number % 100 == 99 and connection.request("GET", "/v1/status").json()["oldest_revision"] > begin:
                    return
        self.fail("the history reaches back for ever")


class Breaks(Away):
    def test_a_restart_misses_nothing_and_says_so(self):
        self.break_connection()
        self.assertEqual(self.text("#stream-state"), "not connected")
        self.shot("lost")
        self.restart()
        self.assertEqual(self.come_back(), "back")
        self.assertIn("Nothing was missed", self.text("#banner-words"))
        self.put("after", "1")
        self.wait_text("#feed .key", "after")
        self.shot("back")
        self.click("#dismiss")
        self.wait_gone("#banner")

    def test_it_comes_back_by_itself(self):
        self.break_connection()
        self.restart()
        self.wait_for(lambda: self.kind() == "back", "the banner")

    def test_what_changed_meanwhile_is_caught_up(self):
        self.assertEqual(self.away_while(lambda: [self.put("City", str(number)) for number in range(3)]), "back")
        self.assertIn("Nothing was missed: 3 changes caught up.", self.text("#banner-words"))
        self.assertEqual(self.texts("#feed .value")[:3], ["2", "1", "0"])

    def test_another_history_is_said_to_be_one(self):
        self.break_connection()
        other = Server(listen="127.0.0.1:%d" % self.server.port)
        self.addCleanup(other.remove)
        other.put("else", "where")
        self.assertEqual(self.come_back(), "new_history")
        self.assertIn("another history", self.text("#banner-words"))
        self.wait_for(lambda: self.names() == ["else"], "the other keys")
        self.wait_text("#feed .mark", "Here another history begins.")
        self.assertEqual(self.texts("#feed .key")[0], "else")
        other.kill()


SHORT_HISTORY = ("--history-bytes", "64KiB", "--history-memory", "64KiB")  # less than fill() writes


class Gaps(Away):
    flags = SHORT_HISTORY

    def test_of_a_gap_the_difference_is_shown_and_said_to_be_one(self):
        self.assertEqual(self.away_while(self.fill), "diff")
        self.assertIn("The history no longer reaches back so far: 1 key differs from before; what happened in between is "
                      "not known.", self.text("#banner-words"))
        self.wait_text("#feed .mark", "The history no longer…")
        self.wait_for(lambda: self.names() == ["City", "full"], "the keys of now")
        self.wait_text("#feed .key", "full")
        self.shot("gap")


class LongGaps(Away):
    """Nor is it known any more which keys were deleted."""

    flags = (*SHORT_HISTORY, "--tombstones", "1")

    def delete_and_fill(self):
        for key in ("gone", "another"):
            self.put(key, "another value")
            self.remove(key)
        self.fill()

    def test_where_not_even_the_difference_is_known_everything_is_loaded_anew(self):
        self.put("gone", "its value")
        self.choose("gone")
        self.wait_text("#value", "its value")
        self.assertEqual(self.away_while(self.delete_and_fill), "reset")
        self.assertIn("You were away for too long to tell what changed: everything was loaded anew.",
                      self.text("#banner-words"))
        self.wait_text("#feed .mark", "What happened after this is not known.")
        self.wait_for(lambda: self.names() == ["City", "full"], "the keys of now")
        self.assertNotIn("full", self.texts("#feed .key"))  # that it is there is no change
        self.wait_text("#entry-note", "Deleted. Its last value…")
        self.shot("reset")


class StatusOfTheServer(PageTest):
    def test_the_figures(self):
        for number in range(3):
            self.put("k%d" % number, "v")
        self.wait_text("#tile-keys", "3")
        self.assertEqual(self.text("#what-rate"), "requests/s")
        self.wait_for(lambda: self.text("#tile-rate") == "0", "no requests but the page's own")
        with self.server.connect() as connection:
            for _ in range(100):
                connection.request("GET", "/v1/kv/k1")
        label = "return document.querySelector('#spark-rate svg').getAttribute('aria-label')"
        self.wait_for(lambda: re.search(r"now [1-9]", self.script(label)), "the requests in the line")
        self.assertEqual(self.text("#tile-watchers"), "1")
        self.assertEqual(self.text("#tile-bus"), "local")
        labels = [one.get_attribute("aria-label") for one in self.all(".spark svg")]
        self.assertEqual(len(labels), 3)
        self.assertTrue(labels[1].startswith("watchers in the last two minutes: now 1"), labels)
        self.wait_for(lambda: "L" in self.find("#spark-watchers path:last-child").get_attribute("d"), "a line")

    def test_the_whole_of_it(self):
        self.click("nav a[href='#/status']")
        self.wait_text("#status-list dt", "Instance")
        status = self.server.request("GET", "/v1/status").json()
        self.assertIn(status["log_id"], self.texts("#status-list dd"))
        self.assertFalse(self.find("#welcome").is_displayed())
        self.shot("status")


class Keyboard(PageTest):
    def seed(self):
        self.put("City", "Ahmedabad")
        self.put("services/db", "x")

    def tab_to(self, selector, most=60):
        for _ in range(most):
            self.press(Keys.TAB)
            if self.script("return document.activeElement.matches(arguments[0])", selector):
                outline = self.script("return getComputedStyle(document.activeElement).outlineStyle")
                inner = self.script("const l = document.activeElement.querySelector('.line, span') ?? "
                                    "document.activeElement.nextElementSibling; return l ? getComputedStyle(l).outlineStyle : ''")
                self.assertTrue("solid" in (outline, inner), "the focus cannot be seen on " + selector)
                return
        self.fail("Tab does not lead to " + selector)

    def test_everything_by_keyboard_alone(self):
        self.press(Keys.TAB)
        self.assertEqual(self.focused.get_attribute("class"), "skip")
        self.assertTrue(self.focused.is_displayed())
        # make a key
        self.tab_to("#new")
        self.press(Keys.ENTER)
        self.wait_for(lambda: self.focused.get_attribute("id") == "new-key", "the field")
        self.press("alpha", Keys.TAB, "one")
        ActionChains(self.browser).key_down(Keys.CONTROL).send_keys(Keys.ENTER).key_up(Keys.CONTROL).perform()
        self.wait_text("#value", "one")
        # find it in the tree, open a folder, come back up
        self.open()
        self.tab_to("#tree [role=treeitem]")
        self.assertEqual(self.focused.text.split("\n")[0], "City")
        self.press(Keys.END)
        self.press(Keys.ARROW_RIGHT)
        self.wait_row("db")
        self.press(Keys.ARROW_RIGHT)
        self.assertEqual(self.focused.get_attribute("data-id"), "services%2Fdb")
        self.press(Keys.ARROW_LEFT)
        self.assertEqual(self.focused.get_attribute("data-id"), "services%2F")
        self.press(Keys.ARROW_LEFT)
        self.wait_for(lambda: self.row("db") is None, "the folder shut")
        self.press(Keys.HOME, Keys.ARROW_DOWN, Keys.ENTER)
        self.wait_text("#value", "one")
        # another form, its history
        self.tab_to("[name=form]")
        self.press(Keys.ARROW_RIGHT)
        self.wait_text("#value", "00000000  6f 6e 65…")
        self.tab_to("#history-list summary")
        self.press(Keys.ENTER)
        self.wait_text("#history-list pre", "one")
        # delete it
        self.open("#/key/alpha")
        self.wait_text("#value", "one")
        self.tab_to("#delete")
        self.press(Keys.ENTER)
        self.wait_shown("dialog[open]")
        self.tab_to("dialog .danger", 5)
        self.press(Keys.ENTER)
        self.wait_for(lambda: self.value("alpha") is None, "the key gone")
        # hold the feed
        self.tab_to("#pause")
        self.press(Keys.SPACE)
        self.wait_text("#feed-note", "Paused.…")

    def test_escape_leaves_an_editor_without_changes(self):
        self.open("#/edit/City")
        self.wait_for(lambda: self.find("#editor").get_attribute("data-state") == "open", "the editor")
        self.press(Keys.ESCAPE)
        self.wait_text("#value", "Ahmedabad")

    def test_everything_has_a_name(self):
        self.open("#/key/City")
        self.wait_text("#value", "Ahmedabad")
        nodes = self.command("Accessibility.getFullAXTree")["nodes"]
        nameless = [node["role"]["value"] for node in nodes
                    if not node.get("ignored") and node["role"]["value"] in
                    ("button", "link", "textbox", "searchbox", "radio", "tree", "treeitem", "region", "dialog", "image")
                    and not node.get("name", {}).get("value")]
        self.assertEqual(nameless, [])


CONTRAST = """
const luminance = ([r, g, b]) => [r, g, b].map((c) => (c /= 255) <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
  .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
const parse = (text) => text.match(/[\\d.]+/g).map(Number);
const paper = (element) => {
  for (; element; element = element.parentElement) {
    const colour = parse(getComputedStyle(element).backgroundColor);
    if (colour.length === 3 || colour[3] === 1) return colour;
  }
  return [255, 255, 255];
};
const poor = [];
for (const element of document.querySelectorAll("body *")) {
  const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!own || !element.checkVisibility({ checkOpacity: true }) || element.matches(":disabled, :disabled + *, .unseen")) continue;
  const [a, b] = [luminance(parse(getComputedStyle(element).color)), luminance(paper(element))];
  const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  if (ratio < 4.5) poor.push([element.tagName, element.id, element.className, element.textContent.slice(0, 30), ratio.toFixed(2)].join(" "));
}
return poor;
"""


class Looks:
    """What holds for every size and colour; the classes below choose."""

    def seed(self):
        self.put("City", "Ahmedabad")
        self.put("Name", "Prayag Savsani", "?ttl=12h")
        self.put("config/web/limits", json.dumps({"requests": {"per_second": 200, "burst": 50}, "regions": ["eu", "us"],
                                                   "strict": True}), headers={"Content-Type": "application/json"})
        self.put("config/web/limits", json.dumps({"requests": {"per_second": 250, "burst": 50}, "regions": ["eu", "us"],
                                                   "strict": True}), headers={"Content-Type": "application/json"})
        for number in range(1, 4):
            self.put("services/web/%d" % number, "10.0.0.%d:8080" % number)
        self.put("a-key-with-a-long-name-" + "and-no-place-to-break-" * 5, "v" * 300)
        self.remove("services/web/2")

    def views(self):
        for name, fragment, there in (("keys", "#/", "#tree"), ("key", "#/key/config%2Fweb%2Flimits", "#about div"),
                                      ("edit", "#/edit/City", "#new-value"), ("new", "#/new/", "#new-key"),
                                      ("changes", "#/changes", "#feed .key"), ("status", "#/status", "#status-list dd")):
            self.script("location.hash = arguments[0]", fragment)
            self.wait_shown(there)
            yield name

    def test_every_text_stands_out_and_nothing_is_wider_than_the_page(self):
        self.wait_row("config/")
        if self.row("config/").is_displayed():
            self.choose("config/")
            self.choose("web/")
            self.wait_row("limits")
        for name in self.views():
            with self.subTest(name):
                self.wait_for(lambda: self.script("return document.getAnimations().length") == 0, "rest")
                self.assertEqual(self.script(CONTRAST), [])
                width = self.script("return [document.documentElement.scrollWidth, innerWidth]")
                self.assertLessEqual(*width)
                self.shot("%s-%s" % (self.name, name))


class Desktop(Looks, PageTest):
    name = "light"


class DesktopInTheDark(Looks, PageTest):
    name = "dark"
    dark = True

    def test_it_is_dark(self):
        colour = self.script("return getComputedStyle(document.body).backgroundColor")
        self.assertEqual(colour, "rgb(18, 22, 26)")


class InBetween(Looks, PageTest):
    name = "tablet"
    size = (900, 1100)


class Narrow(Looks, PageTest):
    name = "narrow"
    size = (320, 640)

    def test_a_part_at_a_time(self):
        self.choose("City")
        self.wait_text("#value", "Ahmedabad")
        self.assertFalse(self.find("#keys").is_displayed())
        self.click(".back")
        self.wait_shown("#keys")
        self.click("nav a[href='#/changes']")
        self.wait_shown("#changes")
        self.assertFalse(self.find("#keys").is_displayed())


class Empty(PageTest):
    def test_an_empty_store_says_how_to_begin(self):
        self.wait_text("#keys-note", "No keys yet.")
        self.assertIn("curl -T - http://127.0.0.1:%d/v1/kv/City" % self.server.port, self.text("#welcome"))
        self.shot("empty")


if __name__ == "__main__":
    main()
