#include <boost/algorithm/hex.hpp>
#include <boost/test/unit_test.hpp>
#include <random>

#include "test/unit/bus/kafka_records.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  boost::algorithm::hex_lower(bytes.begin(), bytes.end(), std::back_inserter(text));
  return text;
}

// Whether a command and its stamp come out as they went in.
bool survives(const Command& command, const Stamp& by = stamp()) {
  auto record = encoded(command, by);
  auto decoded = record.decode();
  auto* stamped = std::get_if<StampedCommand>(&decoded);
  return stamped && same(stamped->command, command) && same(stamped->stamp, by);
}

bool can_encode(const Command& command) {
  std::string header;
  return encode_command(command, stamp(), header).has_value();
}

Condition revisions(std::size_t count) { return {Condition::Kind::revision_in, std::vector<Revision>(count), {}}; }

OwnRecord foreign(std::optional<std::string> key, std::optional<std::string> value) {
  OwnRecord record;
  record.key = std::move(key);
  record.value = std::move(value);
  return record;
}

Command foreign_command(const OwnRecord& record) { return std::get<ForeignCommand>(record.decode()).command; }

std::string random_text(std::mt19937_64& random, std::size_t longest, int lowest, int highest) {
  std::string text(random() % (longest + 1), ' ');
  for (char& c : text) c = static_cast<char>(lowest + static_cast<int>(random() % (highest - lowest + 1)));
  return text;
}

std::string random_key(std::mt19937_64& random) { return 'k' + random_text(random, 30, 0, 255); }

NewRecord random_record(std::mt19937_64& random, bool valued) {
  if (!valued) return Record::make(random_key(random), std::string_view());
  auto type = random_text(random, 20, 0x20, 0x7E);
  return Record::make(random_key(random), random_text(random, 50, 0, 255), type);
}

std::chrono::milliseconds random_ttl(std::mt19937_64& random) {
  return std::chrono::milliseconds(random() % 2 ? random() % static_cast<std::uint64_t>(max_ttl.count()) : 0);
}

Condition random_condition(std::mt19937_64& random) {
  Condition condition{Condition::Kind(random() % 5), {}, {}};
  bool listed = condition.kind == Condition::Kind::revision_in || condition.kind == Condition::Kind::revision_not_in;
  for (auto r = listed ? random() % 5 : 0; r > 0; --r) condition.revisions.push_back(Revision{random()});
  if (condition.kind == Condition::Kind::value_is) condition.value = random_text(random, 40, 0, 255);
  return condition;
}

std::vector<Transaction::Step> random_steps(std::mt19937_64& random) {
  std::vector<Transaction::Step> steps;
  for (auto n = random() % 5; n > 0; --n) {
    Transaction::Step step{Transaction::Step::Kind(1 + random() % 3), {}, {}};
    bool sets = step.kind == Transaction::Step::Kind::set;
    step.record = random_record(random, sets);
    if (sets) step.ttl = random_ttl(random);
    auto same_key = [&](const Transaction::Step& other) { return other.record->key() == step.record->key(); };
    if (std::ranges::none_of(steps, same_key)) steps.push_back(std::move(step));
  }
  return steps;
}

Transaction random_transaction(std::mt19937_64& random) {
  Transaction transaction;
  for (auto n = random() % 4; n > 0; --n) transaction.checks.push_back({random_key(random), random_condition(random)});
  transaction.then = random_steps(random);
  transaction.otherwise = random_steps(random);
  return transaction;
}

Command random_command(std::mt19937_64& random) {
  using Kind = Command::Kind;
  Command command;
  command.kind = Kind(1 + random() % 8);
  auto is_one_of = [&](auto... kinds) { return ((command.kind == kinds) || ...); };
  if (is_one_of(Kind::set, Kind::remove, Kind::touch, Kind::remove_range, Kind::expire)) {
    command.record = random_record(random, command.kind == Kind::set);
  }
  if (is_one_of(Kind::digest)) command.claim = {Revision{random()}, random(), Revision{random()}};
  if (is_one_of(Kind::transaction)) command.transaction = std::make_unique<Transaction>(random_transaction(random));
  if (is_one_of(Kind::expire)) command.conditions = {{Condition::Kind::revision_in, {Revision{random()}}, {}}};
  if (is_one_of(Kind::set, Kind::remove, Kind::touch)) {
    for (auto n = random() % 4; n > 0; --n) command.conditions.push_back(random_condition(random));
  }
  if (is_one_of(Kind::set, Kind::touch)) command.ttl = random_ttl(random);
  if (random() % 2 && !is_one_of(Kind::barrier, Kind::digest, Kind::expire)) {
    command.request_key = 'r' + random_text(random, 254, 0x21, 0x7E);
    command.payload = random();
  }
  if (random() % 2) command.request_id = random_text(random, 128, 0x21, 0x7E);
  constexpr std::array origins{"", "unix", "10.1.2.3:65535", "[::1]:1"};
  command.origin = parse_origin(origins[random() % origins.size()]);
  return command;
}

std::vector<Transaction::Step> gets(std::size_t count) {
  std::vector<Transaction::Step> steps;
  while (steps.size() < count) steps.push_back(a_step(Transaction::Step::Kind::get, "k"));
  return steps;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(kafka_record)

BOOST_AUTO_TEST_CASE(a_set_has_its_key_value_and_content_type_where_everybody_finds_them) {
  auto record = encoded(a_set("City", "Ahmedabad", "text/plain"));
  BOOST_TEST(record.key.value() == "City");
  BOOST_TEST(record.value.value() == "Ahmedabad");
  BOOST_TEST(record.content_type == "text/plain");
}

BOOST_AUTO_TEST_CASE(an_empty_value_is_not_null) {
  Command command = a_set("k", "");
  std::string header;
  auto record = encode_command(command, stamp(), header);
  BOOST_TEST(record->value.has_value());
  BOOST_TEST((record->value->data() != nullptr));
}

BOOST_AUTO_TEST_CASE(a_delete_is_a_key_with_a_null_value) {
  auto record = encoded(a_delete("City"));
  BOOST_TEST(record.key.value() == "City");
  BOOST_TEST(!record.value);
}

BOOST_AUTO_TEST_CASE(barrier_digest_and_open_have_neither_key_nor_value) {
  for (const auto& record : {encoded(a_barrier()), encoded(a_digest({})), encoded(OpenRecord{{}, "one", 1, 1})}) {
    BOOST_TEST(!record.key);
    BOOST_TEST(!record.value);
  }
}

BOOST_AUTO_TEST_CASE(a_set_with_a_time_to_live_is_as_readable_as_one_without) {
  Command command = a_set("City", "Ahmedabad", "text/plain");
  command.ttl = std::chrono::milliseconds(1);
  auto record = encoded(command);
  BOOST_TEST(record.key.value() == "City");
  BOOST_TEST(record.value.value() == "Ahmedabad");
  BOOST_TEST(record.content_type == "text/plain");
}

BOOST_AUTO_TEST_CASE(a_touch_does_not_look_like_a_delete) {
  auto record = encoded(a_touch("City"));
  BOOST_TEST(!record.key);
  BOOST_TEST(!record.value);
}

BOOST_AUTO_TEST_CASE(an_expire_looks_like_a_delete) {
  auto record = encoded(an_expire("City", Revision{7}));
  BOOST_TEST(record.key.value() == "City");
  BOOST_TEST(!record.value);
}

BOOST_AUTO_TEST_CASE(a_range_delete_has_neither_key_nor_value) {
  auto record = encoded(a_range_delete("City"));
  BOOST_TEST(!record.key);
  BOOST_TEST(!record.value);
}

BOOST_AUTO_TEST_CASE(a_transaction_has_no_key_and_its_operations_as_value) {
  auto record = encoded(full_transaction());
  BOOST_TEST(!record.key);
  BOOST_TEST(record.value.value().size() > 0U);
  BOOST_TEST(record.content_type == "");
}

// If one of these fails, the format has changed: then it needs another version number.
BOOST_AUTO_TEST_CASE(the_bytes_of_a_set) {
  BOOST_TEST(hex(*encoded(a_set("City", "Ahmedabad", "text/plain")).kvs) ==
             "f3730470010100a0a0a0a0a0a0a0a0036f6e6505000000000000000900000000000000");
}

BOOST_AUTO_TEST_CASE(the_bytes_of_all_that_a_command_can_carry) {
  BOOST_TEST(hex(*encoded(full_command()).kvs) ==
             "94f03bf501011fa0a0a0a0a0a0a0a0036f6e6505000000000000000900000000000000057265712d310622c820010db8"
             "0000000000000000000000010501020302000700000000000000000000000001000004000005030000006f6c64307500"
             "00000000000772657472792d318877665544332211");
}

BOOST_AUTO_TEST_CASE(the_bytes_of_a_touch) {
  BOOST_TEST(hex(*encoded(a_touch("City", std::chrono::milliseconds(30'000))).kvs) ==
             "54b31f5b010808a0a0a0a0a0a0a0a0036f6e650500000000000000090000000000000030750000000000000400436974"
             "79");
}

BOOST_AUTO_TEST_CASE(the_bytes_of_a_range_delete) {
  BOOST_TEST(hex(*encoded(a_range_delete("City")).kvs) ==
             "21f89b9e010900a0a0a0a0a0a0a0a0036f6e6505000000000000000900000000000000040043697479");
}

BOOST_AUTO_TEST_CASE(the_bytes_of_an_expire) {
  BOOST_TEST(hex(*encoded(an_expire("City", Revision{7})).kvs) ==
             "d04cdda3010704a0a0a0a0a0a0a0a0036f6e6505000000000000000900000000000000010301000700000000000000");
}

BOOST_AUTO_TEST_CASE(the_bytes_of_a_transaction) {
  auto record = encoded(full_transaction());
  BOOST_TEST(hex(*record.kvs) == "10e748d7010600a0a0a0a0a0a0a0a0036f6e6505000000000000000900000000000000");
  BOOST_TEST(hex(*record.value) ==
             "05000100610101006202010063030100070000000000000001006404000001006505030000006f6c6403000101006b09"
             "0000000000000003612f6201000000760301006b0201007201000101006b00000000000000000000000000");
}

BOOST_AUTO_TEST_CASE(the_bytes_of_a_digest) {
  BOOST_TEST(hex(*encoded(a_digest({Revision{1}, 2, Revision{3}})).kvs) ==
             "e5c25cc8010400a0a0a0a0a0a0a0a0036f6e650500000000000000090000000000000001000000000000000200000000"
             "0000000300000000000000");
}

BOOST_AUTO_TEST_CASE(the_bytes_of_an_open_record) {
  BOOST_TEST(hex(*encoded(OpenRecord{log_a, "one", 0x1122334455667788, 2}).kvs) ==
             "f992bb27010500a0a0a0a0a0a0a0a0036f6e65887766554433221102000000");
}

BOOST_AUTO_TEST_CASE(commands_of_every_kind_come_out_as_they_went_in) {
  BOOST_TEST(survives(a_set("k", "v")));
  BOOST_TEST(survives(a_set("k", "", "text/plain")));
  BOOST_TEST(survives(a_delete("k")));
  BOOST_TEST(survives(a_barrier()));
  BOOST_TEST(survives(a_digest({Revision{70}, 0xFEDCBA9876543210, Revision{50}})));
  BOOST_TEST(survives(a_touch("k")));
  BOOST_TEST(survives(a_touch("k", std::chrono::milliseconds(1))));
  BOOST_TEST(survives(a_range_delete("prefix/")));
  BOOST_TEST(survives(a_range_delete("")));
  BOOST_TEST(survives(an_expire("k", Revision{7})));
  BOOST_TEST(survives(a_transaction()));
  BOOST_TEST(survives(full_transaction()));
}

BOOST_AUTO_TEST_CASE(everything_a_command_can_carry_comes_out_as_it_went_in) {
  BOOST_TEST(survives(full_command()));
  Command local = a_barrier();
  local.origin = parse_origin("unix");
  BOOST_TEST(survives(local));
}

BOOST_AUTO_TEST_CASE(the_largest_of_everything_comes_out_as_it_went_in) {
  Command command = a_set(std::string(max_key_size, '\xFF'), std::string(default_max_value_size, '\0'),
                          std::string(max_content_type_size, 't'));
  command.request_id = std::string(128, 'r');
  command.conditions.assign(max_conditions, revisions(3));
  command.conditions[0] = revisions(65535);
  command.conditions[1] = {Condition::Kind::value_is, {}, std::string(default_max_value_size, 'x')};
  auto longest_name = std::string(max_instance_name_size, 'i');
  BOOST_TEST(survives(command, {LogId{UINT64_MAX}, longest_name, Revision{UINT64_MAX}, UINT64_MAX}));
}

BOOST_AUTO_TEST_CASE(the_largest_of_what_is_new_comes_out_as_it_went_in) {
  const std::string longest_key(max_key_size, '\xFF');
  Command touch = a_touch(longest_key, max_ttl);
  touch.request_key = std::string(max_request_key_size, '~');
  touch.payload = UINT64_MAX;
  BOOST_TEST(survives(touch));
  BOOST_TEST(survives(a_range_delete(longest_key)));
  Transaction transaction;
  transaction.checks.assign(max_transaction_checks, {longest_key, revisions(100)});
  transaction.then = gets(max_transaction_steps - 1);
  transaction.otherwise = {a_step(Transaction::Step::Kind::set, longest_key, std::string(default_max_value_size, 'v'),
                                  std::string(max_content_type_size, 't'), max_ttl)};
  BOOST_TEST(survives(a_transaction(std::move(transaction))));
}

BOOST_AUTO_TEST_CASE(steps_may_write_a_key_once_in_each_list_and_get_it_as_often_as_they_like) {
  using Kind = Transaction::Step::Kind;
  Transaction transaction;
  transaction.then = {a_step(Kind::get, "k"), a_step(Kind::set, "k", "v"), a_step(Kind::get, "k")};
  transaction.otherwise = {a_step(Kind::remove, "k")};
  BOOST_TEST(survives(a_transaction(std::move(transaction))));
}

BOOST_AUTO_TEST_CASE(random_commands_come_out_as_they_went_in) {
  std::mt19937_64 random(1);
  for (int n = 0; n < 20'000; ++n) {
    Command command = random_command(random);
    if (!survives(command)) BOOST_FAIL("command " << n << " did not");
  }
}

BOOST_AUTO_TEST_CASE(an_open_record_comes_out_as_it_went_in_with_a_log_id_and_without) {
  for (std::optional<LogId> log_id : {std::optional<LogId>{}, std::optional<LogId>{log_a}}) {
    OpenRecord open{log_id, "one", 77, 3};
    auto record = encoded(open);
    BOOST_TEST(same(std::get<OpenRecord>(record.decode()), open));
  }
}

BOOST_AUTO_TEST_CASE(the_buffer_is_used_again) {
  std::string header;
  Command large = full_command(), small = a_barrier();
  encode_command(large, stamp(), header);
  auto* before = header.data();
  auto record = encode_command(small, stamp(), header);
  BOOST_TEST((header.data() == before));
  BOOST_TEST(kind_of(decode_record(*record, 0)) == "command");
}

BOOST_AUTO_TEST_CASE(what_the_format_cannot_hold_is_not_encoded) {
  Command command = a_set("k", "v");
  command.conditions.assign(max_conditions + 1, {Condition::Kind::exists, {}, {}});
  BOOST_TEST(!can_encode(command));
  command.conditions = {revisions(65536)};
  BOOST_TEST(!can_encode(command));
  command.conditions = {revisions(65535)};
  BOOST_TEST(can_encode(command));
}

BOOST_AUTO_TEST_CASE(what_no_reader_would_take_is_not_encoded) {
  BOOST_TEST(!can_encode(a_set("", "v")));
  BOOST_TEST(!can_encode(a_set(std::string(max_key_size + 1, 'k'), "v")));
  BOOST_TEST(!can_encode(a_set("k", "v", "text/plain\r\nSet-Cookie: a=b")));
  Command command = a_set("k", "v");
  command.request_id = std::string(129, 'r');
  BOOST_TEST(!can_encode(command));
  command.request_id = "two words";
  BOOST_TEST(!can_encode(command));
  command = a_barrier();
  command.conditions = {{Condition::Kind::exists, {}, {}}};
  BOOST_TEST(!can_encode(command));
}

BOOST_AUTO_TEST_CASE(what_a_kind_does_not_have_is_not_encoded) {
  for (auto make : {+[] { return a_barrier(); }, +[] { return a_digest({}); }, +[] { return an_expire("k", {}); }}) {
    Command keyed = make(), timed = make();
    keyed.request_key = "r";
    timed.ttl = std::chrono::milliseconds(1);
    BOOST_TEST(!can_encode(keyed));
    BOOST_TEST(!can_encode(timed));
  }
  for (auto make :
       {+[] { return a_delete("k"); }, +[] { return a_range_delete("k"); }, +[] { return a_transaction(); }}) {
    Command timed = make();
    timed.ttl = std::chrono::milliseconds(1);
    BOOST_TEST(!can_encode(timed));
  }
  for (auto make : {+[] { return a_range_delete("k"); }, +[] { return a_transaction(); }}) {
    Command conditional = make();
    conditional.conditions = {{Condition::Kind::exists, {}, {}}};
    BOOST_TEST(!can_encode(conditional));
  }
  Command set = a_set("k", "v"), transaction = a_transaction(), none = a_transaction();
  set.transaction = std::make_unique<Transaction>();
  transaction.record = Record::make("k", "v");
  none.transaction.reset();
  for (const Command* bad : {&set, &transaction, &none}) BOOST_TEST(!can_encode(*bad));
}

BOOST_AUTO_TEST_CASE(bad_times_to_live_keys_and_requests_of_new_kinds_are_not_encoded) {
  BOOST_TEST(!can_encode(a_touch("k", std::chrono::milliseconds(-1))));
  BOOST_TEST(!can_encode(a_touch("k", max_ttl + std::chrono::milliseconds(1))));
  BOOST_TEST(!can_encode(a_touch("")));
  BOOST_TEST(!can_encode(an_expire("", Revision{7})));
  BOOST_TEST(!can_encode(a_range_delete(std::string(max_key_size + 1, 'k'))));
  Command command = a_touch("k");
  command.request_key = std::string(max_request_key_size + 1, 'r');
  BOOST_TEST(!can_encode(command));
  command.request_key = "two words";
  BOOST_TEST(!can_encode(command));
}

BOOST_AUTO_TEST_CASE(an_expire_that_is_not_of_one_revision_is_not_encoded) {
  Command command = an_expire("k", Revision{7});
  const Condition good = command.conditions[0];
  for (const auto& bad : {std::vector<Condition>{}, {good, good}, {revisions(0)}, {revisions(2)}}) {
    command.conditions = bad;
    BOOST_TEST(!can_encode(command));
  }
  command.conditions = {{Condition::Kind::revision_not_in, {Revision{7}}, {}}};
  BOOST_TEST(!can_encode(command));
}

BOOST_AUTO_TEST_CASE(a_transaction_that_no_reader_would_take_is_not_encoded) {
  using Kind = Transaction::Step::Kind;
  auto can = [](auto change) {
    Transaction transaction;
    change(transaction);
    return can_encode(a_transaction(std::move(transaction)));
  };
  auto then = [&](const std::vector<Transaction::Step>& steps) { return can([&](auto& one) { one.then = steps; }); };
  const Condition exists{Condition::Kind::exists, {}, {}};
  BOOST_TEST(can([&](auto& one) { one.checks.assign(1024, {"k", exists}); }));
  BOOST_TEST(!can([&](auto& one) { one.checks.assign(1025, {"k", exists}); }));
  BOOST_TEST(!can([&](auto& one) { one.checks = {{"", exists}}; }));
  BOOST_TEST(!can([&](auto& one) { one.checks = {{"k", revisions(65536)}}; }));
  BOOST_TEST(can([&](auto& one) { one.then = gets(1000), one.otherwise = gets(24); }));
  BOOST_TEST(!can([&](auto& one) { one.then = gets(1000), one.otherwise = gets(25); }));
  BOOST_TEST(!then({a_step(Kind::set, "k"), a_step(Kind::remove, "k")}));
  BOOST_TEST(!can([&](auto& one) { one.otherwise = {a_step(Kind::remove, "k"), a_step(Kind::remove, "k")}; }));
  BOOST_TEST(!then({a_step(Kind::get, "")}));
  BOOST_TEST(!then({a_step(Kind{4}, "k")}));
  BOOST_TEST(!then({{Kind::get, {}, {}}}));
  BOOST_TEST(!then({a_step(Kind::set, "k", "v", "a\r\nb")}));
  BOOST_TEST(!then({a_step(Kind::set, "k", "v", "", max_ttl + std::chrono::milliseconds(1))}));
  BOOST_TEST(!then({a_step(Kind::set, "k", "v", "", std::chrono::milliseconds(-1))}));
  BOOST_TEST(!then({a_step(Kind::get, "k", "", "", std::chrono::milliseconds(1))}));
}

BOOST_AUTO_TEST_CASE(names_of_instances_are_visible_ascii_of_1_to_128_bytes) {
  BOOST_TEST(is_instance_name("kvs-0.kvs.svc:23333"));
  BOOST_TEST(is_instance_name(std::string(128, 'n')));
  for (std::string_view bad : {"", "two words", "tab\t", "n\xC3\xA9", "\x7F"}) BOOST_TEST(!is_instance_name(bad), bad);
  BOOST_TEST(!is_instance_name(std::string(129, 'n')));
}

BOOST_AUTO_TEST_CASE(the_size_of_a_record_covers_everything_in_it) {
  auto record = encoded(full_command());
  auto bytes = record.key->size() + record.value->size() + record.kvs->size() + record.content_type.size();
  BOOST_TEST(record.view().size() > bytes + std::string_view("kvs").size() + std::string_view("content-type").size());
  BOOST_TEST(record.view().size() < bytes + 200);
  BOOST_TEST(KafkaRecord{}.size() > 0U);
}

// Records of others.

BOOST_AUTO_TEST_CASE(a_record_without_our_header_is_a_set) {
  Command command = foreign_command(foreign("k", "v"));
  BOOST_TEST((command.kind == Command::Kind::set));
  BOOST_TEST(command.record->key() == "k");
  BOOST_TEST(command.record->value() == "v");
  BOOST_TEST(command.conditions.empty());
  BOOST_TEST((command.origin.kind == Origin::Kind::none));
}

BOOST_AUTO_TEST_CASE(a_record_without_our_header_and_with_an_empty_value_is_a_set) {
  BOOST_TEST((foreign_command(foreign("k", "")).kind == Command::Kind::set));
}

BOOST_AUTO_TEST_CASE(a_record_without_our_header_and_with_a_null_value_is_a_delete) {
  Command command = foreign_command(foreign("k", {}));
  BOOST_TEST((command.kind == Command::Kind::remove));
  BOOST_TEST(command.record->key() == "k");
}

BOOST_AUTO_TEST_CASE(a_foreign_set_may_have_a_content_type) {
  auto record = foreign("k", "v");
  record.content_type = "text/plain; charset=utf-8";
  BOOST_TEST(foreign_command(record).record->content_type() == "text/plain; charset=utf-8");
}

BOOST_AUTO_TEST_CASE(a_content_type_that_http_could_not_carry_is_left_out_of_a_foreign_set) {
  auto record = foreign("k", "v");
  for (const auto& bad : {std::string("a\r\nSet-Cookie: b"), std::string("a\0b", 3), std::string(256, 't')}) {
    record.content_type = bad;
    BOOST_TEST(foreign_command(record).record->content_type() == "");
    BOOST_TEST(foreign_command(record).record->value() == "v");
  }
}

BOOST_AUTO_TEST_CASE(a_foreign_key_has_1_to_1024_bytes) {
  BOOST_TEST(kind_of(foreign(std::string(1024, 'k'), "v").decode()) == "foreign");
  BOOST_TEST(kind_of(foreign(std::string(1025, 'k'), "v").decode()).ends_with("too long"));
  BOOST_TEST(kind_of(foreign("", "v").decode()).ends_with("too long"));
  BOOST_TEST(kind_of(foreign({}, "v").decode()).ends_with("no key"));
  BOOST_TEST(kind_of(foreign({}, {}).decode()).ends_with("no key"));
}

BOOST_AUTO_TEST_CASE(a_foreign_value_is_as_large_as_allowed) {
  BOOST_TEST(kind_of(foreign("k", "12345").decode(5)) == "foreign");
  BOOST_TEST(kind_of(foreign("k", "123456").decode(5)).ends_with("too large"));
}

BOOST_AUTO_TEST_CASE(a_value_of_ours_is_taken_whatever_the_limit_here) {
  BOOST_TEST(kind_of(encoded(a_set("k", "123456")).decode(5)) == "command");
}

BOOST_AUTO_TEST_SUITE_END()
