#include "kvs/store/state.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace kvs;

namespace {

// KVS_TEST_SEED repeats a run; every test says the seed it used.
std::uint64_t seed() {
  static const std::uint64_t value = [] {
    const char* given = std::getenv("KVS_TEST_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  }();
  BOOST_TEST_MESSAGE("KVS_TEST_SEED=" << value);
  return value;
}

// The context of every check: a failure names the seed even when messages are off.
#define WITH_SEED(random)                           \
  const std::uint64_t used_seed = seed();           \
  BOOST_TEST_CONTEXT("KVS_TEST_SEED=" << used_seed) \
  if (Random random{used_seed}; true)

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::size_t below(std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(engine_); }
  bool one_in(std::size_t n) { return below(n) == 0; }
  std::string bytes(std::size_t size, std::string_view alphabet) {
    std::string text;
    while (text.size() < size) text += alphabet[below(alphabet.size())];
    return text;
  }

 private:
  std::mt19937_64 engine_;
};

using Model = std::map<std::string, RecordRef>;
using Keys = std::string (*)(Random&);

RecordRef record(std::string_view key, std::string_view value = "v") { return Record::make(key, value); }

std::string numbered(std::size_t i) {
  std::string digits = std::to_string(i);
  return "key:" + std::string(9 - digits.size(), '0') + digits;
}

// Keys of one length with a long common beginning.
std::string plain_keys(Random& random) { return numbered(random.below(3000)); }

// Beginnings of each other, with the bytes that break C strings and signed comparisons.
std::string nasty_keys(Random& random) {
  using namespace std::string_view_literals;
  return random.bytes(1 + random.below(random.one_in(4) ? 20 : 5), "\0\x01\x7f\x80\xff"sv);
}

// One byte, the longest, and equal ones but for the last bytes.
std::string long_keys(Random& random) {
  switch (random.below(4)) {
    case 0:
      return random.bytes(1, "abcdefgh");
    case 1:
      return std::string(1014 + random.below(11), 'a');
    case 2:
      return std::string(500 + random.below(500), 'a') + random.bytes(1 + random.below(20), "ab");
    default:
      return std::string(1021, 'b') + random.bytes(3, "abcdefgh");
  }
}

// A few prefixes like those people make.
std::string path_keys(Random& random) {
  static constexpr const char* roots[] = {"service/payments/instances/", "service/", "config/", "f", "flags/new-"};
  return roots[random.below(5)] + std::to_string(random.below(random.one_in(3) ? 5000 : 50));
}

void check_order(const State& state, const Model& model) {
  auto cursor = state.begin();
  for (const auto& [key, record] : model) {
    BOOST_REQUIRE(cursor.get() == record.get());
    cursor.next();
  }
  BOOST_REQUIRE(cursor.get() == nullptr);
  for (auto it = model.rbegin(); it != model.rend(); ++it) {
    cursor.previous();
    BOOST_REQUIRE(cursor.get() == it->second.get());
  }
  cursor.previous();
  BOOST_REQUIRE(cursor.get() == nullptr);
}

void check_same(const State& state, const Model& model) {
  std::uint64_t bytes = 0;
  for (const auto& [key, record] : model) {
    BOOST_REQUIRE(state.find(key) == record.get());
    bytes += record->footprint();
  }
  BOOST_REQUIRE_EQUAL(state.size(), model.size());
  BOOST_REQUIRE_EQUAL(state.bytes(), bytes);
  check_order(state, model);
}

// Looks for a key that may or may not be there, and walks a little from it.
void check_seek(const State& state, const Model& model, const std::string& key) {
  const auto at = model.find(key);
  BOOST_REQUIRE(state.find(key) == (at == model.end() ? nullptr : at->second.get()));
  auto it = model.lower_bound(key);
  auto cursor = state.seek(key);
  BOOST_REQUIRE(cursor.get() == (it == model.end() ? nullptr : it->second.get()));
  for (int steps = 0; steps < 3 && it != model.begin(); ++steps) {
    cursor.previous();
    BOOST_REQUIRE(cursor.get() == (--it)->second.get());
  }
  for (int steps = 0; steps < 6 && it != model.end(); ++steps) {
    cursor.next();
    BOOST_REQUIRE(cursor.get() == (++it == model.end() ? nullptr : it->second.get()));
  }
}

// The same operations on a StateEditor and on a map.
struct Pair {
  StateEditor editor{State{}};
  Model model;

  void put(const std::string& key) {
    RecordRef made = record(key);
    RecordRef& slot = model[key];
    BOOST_REQUIRE(editor.put(made) == slot);
    slot = made;
  }

  void erase(const std::string& key) {
    const auto at = model.find(key);
    const RecordRef erased = editor.erase(key);
    BOOST_REQUIRE(erased == (at == model.end() ? RecordRef{} : at->second));
    if (at != model.end()) model.erase(at);
  }
};

void compare_with_model(Random& random, Keys keys, int rounds) {
  Pair pair;
  std::vector<std::pair<State, Model>> versions;
  for (int round = 0; round < rounds; ++round) {
    // Rounds that mostly grow and rounds that mostly shrink, in batches from one to a few hundred.
    const std::size_t erases = round % 10 < 5 ? 5 : 1;
    for (std::size_t left = 1 + random.below(random.one_in(5) ? 400 : 40); left > 0; --left) {
      const std::string key = keys(random), another = keys(random);
      pair.editor.expect(std::array<std::string_view, 2>{key, another});
      random.below(6) < erases ? pair.erase(key) : pair.put(key);
      const auto at = pair.model.find(key);
      BOOST_REQUIRE(pair.editor.find(key) == (at == pair.model.end() ? nullptr : at->second.get()));
    }
    const State state = pair.editor.commit(Revision{static_cast<std::uint64_t>(round) + 1}, LogTime{});
    BOOST_REQUIRE_EQUAL(pair.editor.size(), pair.model.size());
    for (int i = 0; i < 10; ++i) check_seek(state, pair.model, keys(random));
    if (round % 10 == 0) versions.emplace_back(state, pair.model);
    if (versions.size() > 20) versions.erase(versions.begin() + static_cast<std::ptrdiff_t>(random.below(20)));
  }
  check_same(pair.editor.commit(Revision{1}, LogTime{}), pair.model);
  for (const auto& [state, model] : versions) check_same(state, model);
}

State build(const Model& model) {
  StateBuilder builder;
  for (const auto& [key, record] : model) builder.add(record);
  return builder.finish(Revision{7}, LogTime{});
}

Model some_model(std::size_t size) {
  Model model;
  for (std::size_t i = 0; i < size; ++i) model[numbered(i)] = record(numbered(i));
  return model;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(state)

BOOST_AUTO_TEST_CASE(an_empty_state_has_nothing) {
  const State state;
  BOOST_TEST(state.find("a") == nullptr);
  BOOST_TEST(state.size() == 0u);
  BOOST_TEST(state.bytes() == 0u);
  for (auto cursor : {state.begin(), state.end(), state.seek("a"), State::Cursor{}}) {
    BOOST_TEST(cursor.get() == nullptr);
    cursor.next();
    BOOST_TEST(cursor.get() == nullptr);
    cursor.previous();
    BOOST_TEST(cursor.get() == nullptr);
  }
  BOOST_TEST(!StateEditor(state).erase("a"));
}

BOOST_AUTO_TEST_CASE(a_commit_carries_its_revision_and_time) {
  StateEditor editor{State{}};
  editor.put(record("a"));
  const State state = editor.commit(Revision{42}, LogTime{std::chrono::milliseconds{5}});
  BOOST_TEST(number(state.revision()) == 42u);
  BOOST_TEST(state.time().time_since_epoch().count() == 5);
  BOOST_TEST(state.bytes() == state.find("a")->footprint());
}

BOOST_AUTO_TEST_CASE(a_key_and_the_same_key_with_a_zero_byte_are_two) {
  using namespace std::string_literals;
  StateEditor editor{State{}};
  for (const auto& key : {"a"s, "a\0"s, "a\0\0"s, "\0"s, "a\0b"s}) editor.put(record(key));
  const State state = editor.commit(Revision{1}, LogTime{});
  BOOST_TEST(state.size() == 5u);
  BOOST_TEST(state.find("a\0"s)->key() == "a\0"s);
  BOOST_TEST(state.find("a")->key() == "a");
  BOOST_TEST(state.find("\0\0"s) == nullptr);
  BOOST_TEST(state.begin().get()->key() == "\0"s);
}

BOOST_AUTO_TEST_CASE(it_holds_what_a_map_holds_after_any_operations_on_like_keys) {
  WITH_SEED(random) compare_with_model(random, plain_keys, 400);
}

BOOST_AUTO_TEST_CASE(it_holds_what_a_map_holds_after_any_operations_on_binary_keys) {
  WITH_SEED(random) compare_with_model(random, nasty_keys, 400);
}

BOOST_AUTO_TEST_CASE(it_holds_what_a_map_holds_after_any_operations_on_the_shortest_and_longest_keys) {
  WITH_SEED(random) compare_with_model(random, long_keys, 200);
}

BOOST_AUTO_TEST_CASE(it_holds_what_a_map_holds_after_any_operations_on_paths) {
  WITH_SEED(random) compare_with_model(random, path_keys, 400);
}

BOOST_AUTO_TEST_CASE(it_holds_what_a_map_holds_after_any_operations_on_keys_of_all_kinds) {
  constexpr auto any = [](Random& random) {
    constexpr Keys all[] = {plain_keys, nasty_keys, long_keys, path_keys};
    return all[random.below(4)](random);
  };
  WITH_SEED(random) compare_with_model(random, any, 300);
}

BOOST_AUTO_TEST_CASE(it_is_emptied_from_either_end_and_from_the_middle) {
  for (const int from : {0, 1, 2}) {
    Pair pair;
    for (std::size_t i = 0; i < 5000; ++i) pair.put(numbered(i));
    const State full = pair.editor.commit(Revision{1}, LogTime{});
    const Model all = pair.model;
    while (!pair.model.empty()) {
      auto it = pair.model.begin();
      if (from != 0) std::advance(it, from == 1 ? pair.model.size() - 1 : pair.model.size() / 2);
      pair.erase(std::string(it->first));
      if (pair.model.size() % 500 == 3) check_same(pair.editor.commit(Revision{2}, LogTime{}), pair.model);
    }
    BOOST_TEST(pair.editor.size() == 0u);
    BOOST_TEST(pair.editor.bytes() == 0u);
    BOOST_TEST(pair.editor.commit(Revision{3}, LogTime{}).begin().get() == nullptr);
    check_same(full, all);
  }
}

BOOST_AUTO_TEST_CASE(keys_may_come_in_rising_or_falling_order_or_into_a_gap) {
  Pair rising, falling, gap;
  gap.put("a");
  gap.put("z");
  for (std::size_t i = 0; i < 5000; ++i) {
    rising.put(numbered(i));
    falling.put(numbered(5000 - i));
    gap.put(numbered(i));
  }
  for (Pair* pair : {&rising, &falling, &gap}) check_same(pair->editor.commit(Revision{1}, LogTime{}), pair->model);
}

BOOST_AUTO_TEST_CASE(an_editor_dropped_without_a_commit_leaves_no_trace) {
  const Model model = some_model(1000);
  const State state = build(model);
  {
    StateEditor editor(state);
    for (std::size_t i = 0; i < 1000; i += 3) editor.erase(numbered(i));
    for (std::size_t i = 1000; i < 1500; ++i) editor.put(record(numbered(i)));
  }
  check_same(state, model);
}

BOOST_AUTO_TEST_CASE(two_editors_of_one_state_do_not_see_each_other) {
  const Model model = some_model(1000);
  StateEditor one(build(model));
  const State base = one.commit(Revision{8}, LogTime{});
  BOOST_CHECK_THROW(StateEditor{base}, std::logic_error);
  StateEditor two(base, StateEditor::Aside{});
  one.put(record(numbered(5), "one"));
  two.put(record(numbered(5), "two"));
  BOOST_TEST(one.find(numbered(5))->value() == "one");
  BOOST_TEST(two.find(numbered(5))->value() == "two");
}

BOOST_AUTO_TEST_CASE(a_builder_makes_what_an_editor_makes) {
  for (const std::size_t size :
       {0, 1, 2, 29, 30, 31, 60, 61, 959, 960, 961, 989, 990, 991, 1020, 1021, 28800, 30720, 31000}) {
    Pair pair;
    for (std::size_t i = 0; i < size; ++i) pair.put(numbered(i * 7));
    const State built = build(pair.model);
    check_same(built, pair.model);
    BOOST_TEST(number(built.revision()) == 7u);
    // What was built can be edited like any other state.
    pair.editor.~StateEditor();
    new (&pair.editor) StateEditor(built);
    for (std::size_t i = 0; i < size; i += 5) pair.put(numbered(i * 7 + 1));
    for (std::size_t i = 0; i < size; i += 2) pair.erase(numbered(i * 7));
    check_same(pair.editor.commit(Revision{8}, LogTime{}), pair.model);
  }
}

BOOST_AUTO_TEST_CASE(a_builder_refuses_keys_that_do_not_rise) {
  StateBuilder builder;
  builder.add(record("b"));
  BOOST_CHECK_THROW(builder.add(record("b")), std::invalid_argument);
  BOOST_CHECK_THROW(builder.add(record("a")), std::invalid_argument);
  builder.add(record("c"));
  BOOST_TEST(builder.finish(Revision{1}, LogTime{}).size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_record_is_free_when_the_last_state_that_shows_it_is_gone) {
  const RecordRef kept = record(numbered(50));
  {
    StateEditor editor(build(some_model(100)));
    editor.put(kept);
    State with = editor.commit(Revision{8}, LogTime{});
    editor.erase(kept->key());
    for (std::size_t i = 0; i < 5000; ++i) editor.put(record(numbered(i * 11)));
    editor.put(kept);
    for (std::size_t i = 0; i < 5000; ++i) editor.erase(numbered(i * 11));
    editor.erase(kept->key());
    State without = editor.commit(Revision{9}, LogTime{});
    BOOST_TEST(kept->use_count() > 1u);
    with = without;
    BOOST_TEST(kept->use_count() == 1u);
  }
  BOOST_TEST(kept->use_count() == 1u);
}

BOOST_AUTO_TEST_CASE(what_an_editor_aside_passes_through_is_free_at_once_and_the_rest_with_its_last_state) {
  const auto stamped = [](const std::string& key, std::uint64_t revision) {
    auto made = Record::make(key, std::string_view("v"));
    made->stamp(Revision{revision}, Revision{revision}, 1, LogTime{});
    return RecordRef(made);
  };
  const State base = build(some_model(1000));
  const RecordRef passing = stamped(numbered(5), 8), kept = stamped(numbered(5), 9), old = record(numbered(7));
  {
    StateEditor editor(base, StateEditor::Aside{});
    editor.put(passing);
    editor.put(old);  // nothing tells it from what the base has
    editor.put(kept);
    BOOST_TEST(passing->use_count() == 1u);
    for (std::size_t i = 1000; i < 3000; ++i) editor.put(stamped(numbered(i), 10));
    for (std::size_t i = 0; i < 3000; i += 2) editor.erase(numbered(i));
    const State made = editor.commit(Revision{10}, LogTime{});
    editor.erase(kept->key());
    BOOST_TEST(made.find(kept->key()) == kept.get());
    BOOST_TEST(kept->use_count() == 2u);
  }
  BOOST_TEST(kept->use_count() == 1u);
  BOOST_TEST(old->use_count() == 1u);
  BOOST_TEST(base.size() == 1000u);
  BOOST_TEST(base.find(numbered(5))->use_count() == 1u);
}

BOOST_AUTO_TEST_CASE(an_editor_that_rolls_back_frees_what_it_made_and_goes_on) {
  const Model model = some_model(1000);
  StateEditor editor(build(model));
  const RecordRef undone = record(numbered(1500));
  editor.put(undone);
  for (std::size_t i = 0; i < 1000; i += 3) editor.erase(numbered(i));
  editor.rollback();
  BOOST_TEST(undone->use_count() == 1u);
  check_same(editor.commit(Revision{8}, LogTime{}), model);
}

BOOST_AUTO_TEST_CASE(versions_are_read_and_dropped_on_several_threads_while_the_next_are_made) {
  constexpr std::size_t keys = 2000;
  const Model model = some_model(keys);
  std::vector<State> versions;
  StateEditor editor(build(model));
  WITH_SEED(random) {
    for (int round = 0; round < 20; ++round) {
      for (int i = 0; i < 64; ++i) editor.put(record(numbered(random.below(keys)), "new"));
      versions.push_back(editor.commit(Revision{static_cast<std::uint64_t>(round)}, LogTime{}));
    }
    std::vector<std::thread> threads;
    for (std::size_t first = 0; first < 3; ++first) {
      threads.emplace_back([first, mine = versions]() mutable {
        std::size_t found = 0;
        for (std::size_t i = first; !mine.empty(); i += 7) {
          const State state = mine[i % mine.size()];
          mine.erase(mine.begin() + static_cast<std::ptrdiff_t>(i % mine.size()));
          for (auto cursor = state.seek(numbered(i)); cursor.get() != nullptr; cursor.next())
            found += cursor.get()->value().size();
        }
        if (found == 0) std::abort();
      });
    }
    versions.clear();
    for (int round = 0; round < 100; ++round) {
      for (int i = 0; i < 64; ++i) {
        const std::string key = numbered(random.below(2 * keys));
        random.one_in(3) ? editor.erase(key) : editor.put(record(key, "newer"));
      }
      editor.commit(Revision{100}, LogTime{});
    }
    for (auto& thread : threads) thread.join();
  }
}

BOOST_AUTO_TEST_SUITE_END()
