#include "kvs/bus/fence.hpp"

#include <boost/test/unit_test.hpp>

using namespace kvs;

namespace {

constexpr std::uint64_t nonce_a = 0xA, nonce_b = 0xB;
constexpr LogId log_x{nonce_a};  // of a log that the process with nonce_a opened first

constexpr LogTime at(std::uint64_t place) { return LogTime{std::chrono::milliseconds(1000 * place)}; }

// A topic: each record gets the next place.
struct Topic {
  Fence fence;
  std::uint64_t place = 0;

  Opening open(std::string_view instance, std::uint64_t nonce, std::uint32_t attempt = 1,
               std::optional<LogId> log_id = {}) {
    ++place;
    return fence.open({log_id, instance, nonce, attempt}, Revision{place}, at(place));
  }
  Admission command(std::string_view instance, std::uint64_t epoch, std::uint64_t sequence, LogId log_id = log_x) {
    ++place;
    return fence.admit({log_id, instance, Revision{epoch}, sequence}, Revision{place}, at(place));
  }
  std::optional<Revision> epoch(std::string_view instance) const { return fence.epoch(instance); }
};

// "one since 1, two since 2, "
std::string text(const std::vector<BusMember>& members) {
  std::string all;
  for (const BusMember& one : members) all += one.name + " since " + std::to_string(number(one.since)) + ", ";
  return all;
}

std::string encoded(const Fence& fence) {
  std::string bytes;
  fence.encode(bytes);
  return bytes;
}

std::optional<Fence> decoded(std::string_view bytes) {
  CheckedReader in(bytes);
  auto fence = Fence::decode(in);
  if (fence && !in.at_end()) return {};
  return fence;
}

Topic full_topic() {
  Topic topic;
  for (std::size_t n = 0; n < Fence::max_instances; ++n) topic.open("i" + std::to_string(n), nonce_a + n);
  return topic;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(fence)

BOOST_AUTO_TEST_CASE(the_first_open_record_names_the_log) {
  Topic t;
  BOOST_TEST((t.fence.log_id() == std::nullopt));
  t.open("one", nonce_a);
  t.open("two", nonce_b);
  BOOST_TEST((t.fence.log_id() == LogId{nonce_a}));
}

BOOST_AUTO_TEST_CASE(the_place_of_the_open_record_is_the_epoch) {
  Topic t;
  t.open("zero", nonce_b);
  BOOST_TEST((t.epoch("one") == std::nullopt));
  BOOST_TEST((t.open("one", nonce_a) == Opening::counts));
  BOOST_TEST((t.epoch("one") == Revision{2}));
}

BOOST_AUTO_TEST_CASE(commands_count_after_the_open_record_of_their_epoch) {
  Topic t;
  t.open("one", nonce_a);
  BOOST_TEST((t.command("one", 1, 1) == Admission::counts));
  BOOST_TEST((t.command("one", 1, 2) == Admission::counts));
}

BOOST_AUTO_TEST_CASE(commands_of_who_has_not_opened_do_not_count) {
  Topic t;
  t.open("one", nonce_a);
  BOOST_TEST((t.command("two", 1, 1) == Admission::not_opened));
}

BOOST_AUTO_TEST_CASE(commands_before_any_open_record_do_not_count) {
  Topic t;
  BOOST_TEST((t.command("one", 1, 1) == Admission::other_log));
}

BOOST_AUTO_TEST_CASE(numbers_may_be_left_out_but_do_not_come_twice_or_late) {
  Topic t;
  t.open("one", nonce_a);
  BOOST_TEST((t.command("one", 1, 3) == Admission::counts));
  BOOST_TEST((t.command("one", 1, 3) == Admission::not_in_order));
  BOOST_TEST((t.command("one", 1, 2) == Admission::not_in_order));
  BOOST_TEST((t.command("one", 1, 7) == Admission::counts));
}

BOOST_AUTO_TEST_CASE(instances_count_by_themselves) {
  Topic t;
  t.open("one", nonce_a);
  t.open("two", nonce_b);
  BOOST_TEST((t.command("one", 1, 9) == Admission::counts));
  BOOST_TEST((t.command("two", 2, 1) == Admission::counts));
}

BOOST_AUTO_TEST_CASE(what_a_replaced_process_wrote_does_not_count_any_more) {
  Topic t;
  t.open("one", nonce_a);
  t.command("one", 1, 1);
  t.open("one", nonce_b);
  BOOST_TEST((t.command("one", 1, 2) == Admission::other_epoch));
  BOOST_TEST((t.command("one", 3, 1) == Admission::counts));
  BOOST_TEST((t.command("one", 1, 3) == Admission::other_epoch));
}

BOOST_AUTO_TEST_CASE(numbers_begin_anew_in_every_epoch) {
  Topic t;
  t.open("one", nonce_a);
  t.command("one", 1, 100);
  t.open("one", nonce_a, 2);
  BOOST_TEST((t.command("one", 3, 1) == Admission::counts));
}

BOOST_AUTO_TEST_CASE(of_two_processes_of_one_name_the_one_that_opened_last_counts) {
  Topic t;
  t.open("one", nonce_a);
  BOOST_TEST((t.open("one", nonce_b) == Opening::counts));
  BOOST_TEST((t.command("one", 1, 1) == Admission::other_epoch));
  BOOST_TEST((t.command("one", 2, 1) == Admission::counts));
}

BOOST_AUTO_TEST_CASE(an_epoch_that_never_was_does_not_count) {
  Topic t;
  t.open("one", nonce_a);
  BOOST_TEST((t.command("one", 2, 1) == Admission::other_epoch));
  BOOST_TEST((t.command("one", 1, 1) == Admission::counts));
}

BOOST_AUTO_TEST_CASE(an_open_record_that_comes_twice_closes_nothing) {
  Topic t;
  t.open("one", nonce_a);
  t.command("one", 1, 1);
  BOOST_TEST((t.open("one", nonce_a) == Opening::repeated));
  BOOST_TEST((t.epoch("one") == Revision{1}));
  BOOST_TEST((t.command("one", 1, 1) == Admission::not_in_order));
  BOOST_TEST((t.command("one", 1, 2) == Admission::counts));
}

BOOST_AUTO_TEST_CASE(an_open_record_that_comes_late_closes_nothing) {
  Topic t;
  t.open("one", nonce_a, 2);
  BOOST_TEST((t.open("one", nonce_a, 1) == Opening::repeated));
  BOOST_TEST((t.epoch("one") == Revision{1}));
}

BOOST_AUTO_TEST_CASE(a_process_that_opens_again_closes_its_own_epoch) {
  Topic t;
  t.open("one", nonce_a, 1);
  BOOST_TEST((t.open("one", nonce_a, 2) == Opening::counts));
  BOOST_TEST((t.command("one", 1, 1) == Admission::other_epoch));
}

BOOST_AUTO_TEST_CASE(records_of_another_log_do_not_count) {
  Topic t;
  t.open("one", nonce_a);
  BOOST_TEST((t.command("one", 1, 1, LogId{99}) == Admission::other_log));
  BOOST_TEST((t.open("one", nonce_b, 1, LogId{99}) == Opening::other_log));
  BOOST_TEST((t.epoch("one") == Revision{1}));
  BOOST_TEST((t.open("one", nonce_b, 1, log_x) == Opening::counts));
}

BOOST_AUTO_TEST_CASE(an_open_record_written_for_a_log_does_not_name_a_new_one) {
  Topic t;
  BOOST_TEST((t.open("one", nonce_a, 1, log_x) == Opening::other_log));
  BOOST_TEST((t.fence.log_id() == std::nullopt));
  t.open("one", nonce_b, 1);
  BOOST_TEST((t.fence.log_id() == LogId{nonce_b}));
}

BOOST_AUTO_TEST_CASE(a_member_was_heard_when_a_record_of_its_own_counted) {
  Topic t;
  t.open("one", nonce_a);
  BOOST_TEST((t.fence.members()[0].heard == at(1)));
  t.command("one", 1, 1);
  BOOST_TEST((t.fence.members()[0].heard == at(2)));
  t.command("one", 1, 1);
  t.command("one", 7, 2);
  BOOST_TEST((t.fence.members()[0].heard == at(2)));
}

BOOST_AUTO_TEST_CASE(members_stand_by_name_with_their_place_of_entry) {
  Topic t;
  t.open("two", nonce_a);
  t.open("one", nonce_b);
  BOOST_TEST(text(t.fence.members()) == "one since 2, two since 1, ");
}

BOOST_AUTO_TEST_CASE(the_newest_snapshot_of_a_member_is_the_one_it_said_last) {
  Topic t;
  t.open("one", nonce_a);
  t.place = 100;
  t.command("one", 1, 1);
  t.fence.note_snapshot("one", Revision{50});
  BOOST_TEST((t.fence.members()[0].snapshot == Revision{50}));
  t.fence.note_snapshot("one", Revision{40});
  BOOST_TEST((t.fence.members()[0].snapshot == Revision{40}));
  t.fence.note_snapshot("two", Revision{40});
  BOOST_TEST(text(t.fence.members()) == "one since 1, ");
}

BOOST_AUTO_TEST_CASE(a_snapshot_of_what_is_still_to_come_is_not_believed) {
  Topic t;
  t.open("one", nonce_a);
  t.command("one", 1, 1);
  t.fence.note_snapshot("one", Revision{1});
  t.fence.note_snapshot("one", Revision{2});
  BOOST_TEST((t.fence.members()[0].snapshot == Revision{1}));
}

BOOST_AUTO_TEST_CASE(a_snapshot_is_forgotten_when_another_process_opens_not_when_the_same_does) {
  Topic t;
  t.open("one", nonce_a);
  t.command("one", 1, 1);
  t.fence.note_snapshot("one", Revision{1});
  t.open("one", nonce_a, 2);
  BOOST_TEST((t.fence.members()[0].snapshot == Revision{1}));
  t.open("one", nonce_b);
  BOOST_TEST((t.fence.members()[0].snapshot == no_revision));
}

BOOST_AUTO_TEST_CASE(the_instance_heard_longest_ago_is_forgotten_when_there_are_too_many) {
  Topic t = full_topic();
  t.command("i0", 1, 1);  // so the one heard longest ago is i1
  t.open("new", nonce_b);
  BOOST_TEST(t.fence.members().size() == Fence::max_instances);
  BOOST_TEST((t.epoch("i1") == std::nullopt));
  BOOST_TEST((t.epoch("i0") == Revision{1}));
  BOOST_TEST((t.epoch("new") == Revision{Fence::max_instances + 2}));
  BOOST_TEST((t.command("i1", 2, 1) == Admission::not_opened));
}

BOOST_AUTO_TEST_CASE(an_instance_that_is_known_opens_again_without_any_being_forgotten) {
  Topic t = full_topic();
  t.open("i7", nonce_b);
  BOOST_TEST(t.fence.members().size() == Fence::max_instances);
  BOOST_TEST((t.epoch("i0") == Revision{1}));
}

BOOST_AUTO_TEST_CASE(an_open_record_of_another_log_makes_nobody_forgotten) {
  Topic t = full_topic();
  t.open("new", nonce_b, 1, LogId{99});
  BOOST_TEST((t.epoch("i0") == Revision{1}));
}

BOOST_AUTO_TEST_CASE(a_forgotten_instance_is_heard_again_after_a_new_open_record) {
  Topic t = full_topic();
  t.open("new", nonce_b);
  t.open("i0", nonce_a, 2);
  BOOST_TEST((t.command("i0", t.place, 1) == Admission::counts));
}

BOOST_AUTO_TEST_CASE(a_table_comes_out_as_it_went_in) {
  Topic t;
  BOOST_TEST((decoded(encoded(t.fence)) == t.fence));
  t.open("one", nonce_a);
  t.open("two", nonce_b, 5);
  t.command("two", 2, 7);
  t.fence.note_snapshot("two", Revision{2});
  BOOST_TEST((decoded(encoded(t.fence)) == t.fence));
}

BOOST_AUTO_TEST_CASE(the_largest_table_keeps_its_bound) {
  Topic t;
  for (std::size_t n = 0; n < 2 * Fence::max_instances; ++n) {
    std::string name = std::to_string(n);
    t.open(name + std::string(max_instance_name_size - name.size(), '-'), nonce_a + n);
  }
  BOOST_TEST(encoded(t.fence).size() <= Fence::max_encoded_size);
  BOOST_TEST((decoded(encoded(t.fence)) == t.fence));
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_whole_table_give_none) {
  Topic t;
  t.open("one", nonce_a);
  t.open("two", nonce_b);
  std::string whole = encoded(t.fence);
  for (std::size_t size = 0; size < whole.size(); ++size) BOOST_TEST(!decoded(whole.substr(0, size)), size);
  auto replaced = [&](std::string_view from, std::string_view to) {
    std::string bytes = whole;
    return decoded(bytes.replace(bytes.find(from), from.size(), to));
  };
  BOOST_TEST(!replaced("two", "one"));   // twice
  BOOST_TEST(!replaced("two", "abc"));   // not in order
  BOOST_TEST(!replaced("two", "t\no"));  // no name
  BOOST_TEST(!!replaced("two", "txo"));
  std::string too_many = whole, no_log = whole;
  too_many.replace(8, 2, "\xFF\xFF");
  no_log.replace(0, 8, 8, '\0');
  BOOST_TEST(!decoded(too_many));
  BOOST_TEST(!decoded(no_log));
}

BOOST_AUTO_TEST_SUITE_END()
