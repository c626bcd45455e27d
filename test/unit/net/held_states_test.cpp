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
  BOOST_TEST(first.weight().kept_until(third.weight().replaced) == first.footprint());
  BOOST_TEST(first.weight().kept_until(fourth.weight().replaced) == first.footprint());
}

BOOST_AUTO_TEST_CASE(what_is_written_and_not_committed_replaces_nothing) {
  States states;
  State first = states.next();
  states.editor.put(set(9, "k0", "z").record);
  states.editor.rollback();
  State second = states.editor.commit(Revision{10}, LogTime{});
  BOOST_TEST(second.weight().replaced == first.weight().replaced);
}

BOOST_AUTO_TEST_CASE(a_state_made_aside_weighs_what_its_base_does) {
  States states;
  State base = states.next();
  State aside = with(base, {set(100, "k0", "z")});
  BOOST_TEST(aside.weight().replaced == base.weight().replaced);
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
