// What old states that slow clients are told may keep in memory.
#include "kvs/net/held_states.hpp"

#include <boost/test/unit_test.hpp>

#include "kvs/net/worker.hpp"
#include "test/unit/store/changes.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

// A few keys, all of them written anew from state to state.
struct States {
  static constexpr int keys = 4;
  StateEditor editor{State{}};
  std::uint64_t revision = 0;

  State next(std::size_t value_size = 100'000) {
    for (int key = 0; key < keys; ++key)
      editor.put(set(++revision, "k" + std::to_string(key), std::string(value_size, 'x')).record);
    return editor.commit(Revision{revision}, LogTime{});
  }
  State touch_one() {
    editor.put(set(++revision, "k0", std::string(100'000, 'y')).record);
    return editor.commit(Revision{revision}, LogTime{});
  }
};

struct Client final : Connection {
  explicit Client(HeldStates& all) : part(all, *this) {}
  void drain() override {}
  void abort() override {}
  void cut() override { was_cut = true; }
  void revoke() override {}

  HeldStates::Part part;
  bool was_cut = false;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(held_states)

BOOST_AUTO_TEST_CASE(a_state_keeps_what_was_replaced_since_but_no_more_than_it_has) {
  States states;
  State first = states.next(), second = states.touch_one(), third = states.next(), fourth = states.next();
  BOOST_TEST(first.weight().kept_until(first.weight().replaced) == 0u);
  std::uint64_t a_key = first.weight().kept_until(second.weight().replaced);
  BOOST_TEST(a_key > 100'000u);
  BOOST_TEST(a_key < 110'000u);
  BOOST_TEST(first.weight().kept_until(third.weight().replaced) == first.weight().footprint);
  BOOST_TEST(first.weight().kept_until(fourth.weight().replaced) == first.weight().footprint);
  BOOST_TEST(first.weight().footprint > first.footprint());
}

BOOST_AUTO_TEST_CASE(what_is_written_and_not_committed_replaces_nothing) {
  States states;
  State first = states.next();
  states.editor.put(set(9, "k0", "z").record);
  states.editor.rollback();
  State second = states.editor.commit(Revision{10}, LogTime{});
  BOOST_TEST(second.weight().replaced == first.weight().replaced);
}

BOOST_AUTO_TEST_CASE(a_state_made_aside_weighs_what_its_base_does_and_its_own) {
  States states;
  State base = states.next();
  const std::uint64_t before = State::kept_in_memory();
  {
    State aside = with(base, {set(100, "k0", std::string(50'000, 'z'))});
    BOOST_TEST(aside.weight().replaced == base.weight().replaced);
    BOOST_TEST(aside.weight().own > 50'000u);
    BOOST_TEST(State::kept_in_memory() - before == aside.weight().own);
    State of_nothing = with({}, {set(1, "k0", std::string(50'000, 'z'))});
    BOOST_TEST(of_nothing.weight().own > 50'000u);
  }
  BOOST_TEST(State::kept_in_memory() == before);
}

BOOST_AUTO_TEST_CASE(what_old_states_keep_is_known_exactly) {
  States states;
  State first = states.next();
  const std::uint64_t before = State::kept_in_memory();
  State second = states.touch_one();
  const std::uint64_t one_key = State::kept_in_memory() - before;
  BOOST_TEST(one_key > 100'000u);
  BOOST_TEST(one_key < 110'000u);
  for (int i = 0; i < 10; ++i) second = states.touch_one();  // of those in between nothing is kept
  BOOST_TEST(State::kept_in_memory() - before == one_key);
  first = State();
  BOOST_TEST(State::kept_in_memory() == before);
}

BOOST_AUTO_TEST_CASE(who_holds_the_same_again_and_again_written_key_keeps_it_once) {
  States states;
  HeldStates all(0);
  State first = states.next();
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<State> held{first};
  clients.push_back(std::make_unique<Client>(all));
  clients.back()->part.hold(first, first);
  for (int i = 0; i < 3; ++i) {
    for (int k = 0; k < 10; ++k) states.touch_one();
    held.push_back(states.touch_one());
    clients.push_back(std::make_unique<Client>(all));
    clients.back()->part.hold(held.back(), held.back());
  }
  for (const auto& client : clients) BOOST_TEST(!client->was_cut);
}

BOOST_AUTO_TEST_CASE(states_made_aside_count_though_all_have_one_base) {
  States states;
  HeldStates all(0);
  State base = states.next();
  std::vector<State> held;
  std::vector<std::unique_ptr<Client>> clients;
  for (std::uint64_t i = 0; i < 4; ++i) {
    held.push_back(with(base, {set(100 + i, "k0", std::string(300'000, 'z'))}));
    clients.push_back(std::make_unique<Client>(all));
    clients.back()->part.hold(held.back(), base);
  }
  BOOST_TEST(clients.front()->was_cut);
  BOOST_TEST(!clients.back()->was_cut);
}

BOOST_AUTO_TEST_CASE(nobody_is_cut_for_one_that_is_too_much_by_itself) {
  States states;
  HeldStates all(0);
  Client large(all), other(all);
  State first = states.next(), second = states.next();
  other.part.hold(second, second);
  State small = states.next(1000);
  large.part.hold(first, small);
  BOOST_TEST(!other.was_cut);
  BOOST_TEST(!large.was_cut);
  State third = states.next(1000);
  Client newcomer(all);
  newcomer.part.hold(third, third);
  BOOST_TEST(large.was_cut);
}

BOOST_AUTO_TEST_CASE(as_much_as_the_newest_state_takes_may_be_kept) {
  States states;
  HeldStates all(0);
  Client one(all), other(all);
  State first = states.next();
  one.part.hold(first, first);
  State second = states.next();
  other.part.hold(second, second);
  BOOST_TEST(!one.was_cut);
  BOOST_TEST(!other.was_cut);
}

BOOST_AUTO_TEST_CASE(beyond_that_whoever_holds_the_oldest_is_cut) {
  States states;
  HeldStates all(0);
  Client one(all), two(all), three(all);
  State first = states.next();
  one.part.hold(first, first);
  State second = states.next();
  two.part.hold(second, second);
  State third = states.next();
  three.part.hold(third, third);
  BOOST_TEST(one.was_cut);
  BOOST_TEST(!two.was_cut);
  BOOST_TEST(!three.was_cut);
}

BOOST_AUTO_TEST_CASE(who_goes_on_is_spared_however_old_its_state) {
  States states;
  HeldStates all(0);
  Client one(all), two(all);
  State first = states.next();
  one.part.hold(first, first);
  State second = states.next();
  two.part.hold(second, second);
  State third = states.next();
  one.part.hold(first, third);
  BOOST_TEST(!one.was_cut);
  BOOST_TEST(two.was_cut);
}

BOOST_AUTO_TEST_CASE(any_number_may_hold_the_same_or_nearly) {
  States states;
  HeldStates all(0);
  State state = states.next();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(std::make_unique<Client>(all));
    clients.back()->part.hold(state, state);
  }
  State newest = states.next();
  clients.front()->part.hold(state, newest);
  for (const auto& client : clients) BOOST_TEST(!client->was_cut);
}

BOOST_AUTO_TEST_CASE(what_is_released_does_not_count) {
  States states;
  HeldStates all(0);
  for (int i = 0; i < 10; ++i) {
    Client gone(all), other(all), middle(all);
    State first = states.next();
    gone.part.hold(first, first);
    State second = states.touch_one();
    middle.part.hold(second, second);
    State third = states.next();
    gone.part.release();
    other.part.hold(third, third);
    middle.part.release();
    other.part.hold(third, third);
    BOOST_TEST(!middle.was_cut);
    BOOST_TEST(!other.was_cut);
  }
}

BOOST_AUTO_TEST_CASE(so_much_is_allowed_in_any_case) {
  States states;
  HeldStates all(3'000'000);
  Client one(all), two(all), three(all), four(all);
  for (Client* client : {&one, &two, &three, &four}) {
    State state = states.next();
    client->part.hold(state, state);
  }
  BOOST_TEST(!one.was_cut);
}

BOOST_AUTO_TEST_SUITE_END()
