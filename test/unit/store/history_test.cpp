#include "kvs/store/history.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <thread>

#include "changes.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

CommitRef commit(std::uint64_t before, Changes changes) {
  return std::make_shared<Commit>(Revision{before}, std::move(changes));
}

// One set of "k" at revision `before` + 1.
CommitRef one(std::uint64_t before) { return commit(before, {set(before + 1, "k", "v")}); }

// Commits of one change each, 1 to `newest`.
History filled(std::size_t max_bytes, std::uint64_t newest) {
  History history(max_bytes);
  for (std::uint64_t revision = 1; revision <= newest; ++revision) history.push(one(revision - 1));
  return history;
}

std::string read(const History& history, std::uint64_t after, std::size_t max_bytes = 1 << 20) {
  std::vector<CommitRef> commits;
  history.read(Revision{after}, max_bytes, commits);
  std::string all;
  for (const auto& each : commits) all += text(each->changes()) + "| ";
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(history)

BOOST_AUTO_TEST_CASE(an_empty_history_begins_and_ends_where_it_was_started) {
  History history(1000);
  history.start(Revision{7});
  BOOST_TEST((history.oldest() == Revision{7}));
  BOOST_TEST((history.newest() == Revision{7}));
  BOOST_TEST(read(history, 7) == "");
}

BOOST_AUTO_TEST_CASE(what_is_read_comes_oldest_first) {
  auto history = filled(1 << 20, 3);
  BOOST_TEST(read(history, 0) == "k=v@1 | k=v@2 | k=v@3 | ");
}

BOOST_AUTO_TEST_CASE(reading_goes_on_after_a_revision) {
  auto history = filled(1 << 20, 3);
  BOOST_TEST(read(history, 2) == "k=v@3 | ");
  BOOST_TEST(read(history, 3) == "");
}

BOOST_AUTO_TEST_CASE(a_revision_in_the_middle_of_a_commit_gives_the_whole_commit) {
  History history(1 << 20);
  history.push(one(0));
  history.push(commit(1, {set(2, "a", "1"), set(3, "b", "2"), removed(4, "a")}));
  history.push(one(4));
  BOOST_TEST(read(history, 3) == "a=1@2 b=2@3 a-@4 | k=v@5 | ");
}

BOOST_AUTO_TEST_CASE(a_revision_in_a_gap_of_the_order_is_a_place_like_any_other) {
  History history(1 << 20);
  history.push(commit(0, {set(4, "a", "1")}));
  history.push(commit(4, {set(9, "b", "1")}));
  BOOST_TEST(read(history, 2) == "a=1@4 | b=1@9 | ");
  BOOST_TEST(read(history, 6) == "b=1@9 | ");
}

BOOST_AUTO_TEST_CASE(reading_stops_at_its_bound_but_gives_at_least_one_commit) {
  auto history = filled(1 << 20, 4);
  std::size_t size = one(0)->footprint();
  BOOST_TEST(read(history, 0, 1) == "k=v@1 | ");
  BOOST_TEST(read(history, 0, 2 * size) == "k=v@1 | k=v@2 | ");
  BOOST_TEST(read(history, 0, 3 * size - 1) == "k=v@1 | k=v@2 | ");
}

BOOST_AUTO_TEST_CASE(the_oldest_commits_go_when_there_are_too_many_bytes) {
  auto history = filled(3 * one(0)->footprint(), 5);
  BOOST_TEST((history.oldest() == Revision{2}));
  BOOST_TEST((history.newest() == Revision{5}));
  BOOST_TEST(read(history, 2) == "k=v@3 | k=v@4 | k=v@5 | ");
}

BOOST_AUTO_TEST_CASE(the_newest_commit_stays_however_large_it_is) {
  auto history = filled(1, 2);
  history.push(commit(2, {set(3, "large", std::string(10'000, 'x'))}));
  BOOST_TEST((history.oldest() == Revision{2}));
  BOOST_TEST((history.newest() == Revision{3}));
}

BOOST_AUTO_TEST_CASE(a_large_commit_makes_room_by_several_small_ones) {
  auto history = filled(10 * one(0)->footprint(), 8);
  auto large = commit(8, {set(9, "large", std::string(7 * one(0)->footprint(), 'x'))});
  history.push(large);
  BOOST_TEST(number(history.oldest()) > 4U);
  BOOST_TEST((history.newest() == Revision{9}));
}

BOOST_AUTO_TEST_CASE(it_is_read_backwards_too) {
  History history(1 << 20);
  history.push(commit(0, {set(1, "a", "1"), set(3, "a", "3")}));
  history.push(one(3));
  history.push(one(4));
  auto back = [&](std::uint64_t until, std::size_t max_bytes) {
    std::vector<CommitRef> commits;
    history.read_back(Revision{until}, max_bytes, commits);
    std::string all;
    for (const auto& each : commits) all += text(each->changes()) + "| ";
    return all;
  };
  BOOST_TEST(back(5, 1 << 20) == "k=v@5 | k=v@4 | a=1@1 a=3@3 | ");
  BOOST_TEST(back(5, 1) == "k=v@5 | ");
  BOOST_TEST(back(4, 1) == "k=v@4 | ");
  BOOST_TEST(back(2, 1 << 20) == "");
}

BOOST_AUTO_TEST_CASE(a_commit_that_was_dropped_lives_on_with_its_reader) {
  auto history = filled(1, 1);
  std::vector<CommitRef> held;
  history.read(Revision{0}, 1 << 20, held);
  history.push(one(1));
  BOOST_TEST((history.oldest() == Revision{1}));
  BOOST_TEST(text(held.front()->changes()) == "k=v@1 ");
}

BOOST_AUTO_TEST_CASE(a_commit_knows_the_revision_before_it_and_its_last) {
  auto both = commit(5, {set(7, "a", "1"), set(9, "b", "2")});
  BOOST_TEST((both->before() == Revision{5}));
  BOOST_TEST((both->last() == Revision{9}));
}

BOOST_AUTO_TEST_CASE(a_rendering_is_made_once_for_all_threads) {
  auto shared = one(0);
  std::atomic<int> made = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        shared->rendering(1, [&](const Commit&) {
          ++made;
          return Rendering{"text", {}};
        });
      });
    }
  }
  BOOST_TEST(made == 1);
  BOOST_TEST(shared->rendering(1, {}).bytes == "text");
}

BOOST_AUTO_TEST_CASE(renderings_of_different_kinds_stand_beside_each_other) {
  auto shared = one(0);
  for (std::size_t kind = 0; kind < Commit::renderings; ++kind) {
    shared->rendering(kind, [&](const Commit&) { return Rendering{std::to_string(kind), {}}; });
  }
  BOOST_TEST(shared->rendering(0, {}).bytes == "0");
  BOOST_TEST(shared->rendering(2, {}).bytes == "2");
}

BOOST_AUTO_TEST_SUITE_END()
