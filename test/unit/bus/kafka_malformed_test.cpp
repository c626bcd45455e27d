// What is wrong with a record is said, and nothing that is wrong gets through.
#include <boost/test/unit_test.hpp>
#include <functional>

#include "test/unit/bus/kafka_records.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

// Where things stand in a header of ours; the instance is "one".
constexpr std::size_t version_at = 4, kind_at = 5, fields_at = 6, log_id_at = 7, instance_at = 15, body_at = 19;
constexpr std::size_t optional_at = body_at + 16;  // of a command

constexpr const char* cut = "its header is cut off, or longer than it says";

constexpr const char* cut_value = "its value is cut off, or longer than it says";

// What is said of a record that was bent and, so that its checksum does not say it all, sealed again.
std::string bent(OwnRecord record, const std::function<void(OwnRecord&)>& bend) {
  bend(record);
  return kind_of(record.seal().decode());
}

std::string bent(const Command& command, const std::function<void(OwnRecord&)>& bend) {
  return bent(encoded(command), bend);
}

std::function<void(OwnRecord&)> byte(std::size_t at, int value) {
  return [=](OwnRecord& record) { (*record.kvs)[at] = static_cast<char>(value); };
}

std::function<void(OwnRecord&)> zeros(std::size_t at, std::size_t count) {
  return [=](OwnRecord& record) { record.kvs->replace(at, count, count, '\0'); };
}

std::function<void(OwnRecord&)> header_end(std::string bytes) {
  return [bytes](OwnRecord& record) { *record.kvs += bytes; };
}

Command with_condition(Condition condition) {
  Command command = a_set("k", "v");
  command.conditions.push_back(std::move(condition));
  return command;
}

const OpenRecord an_open{log_a, "one", 77, 3};

std::vector<OwnRecord> one_of_each() {
  return {encoded(full_command()),
          encoded(a_set("k", "")),
          encoded(a_delete("k")),
          encoded(a_barrier()),
          encoded(a_digest({Revision{1}, 2, Revision{3}})),
          encoded(a_touch("k", std::chrono::milliseconds(9))),
          encoded(a_range_delete("k")),
          encoded(an_expire("k", Revision{7})),
          encoded(full_transaction()),
          encoded(an_open)};
}

std::vector<OwnRecord> without_a_value() {
  return {encoded(a_delete("k")), encoded(a_barrier()),         encoded(a_digest({})),
          encoded(a_touch("k")),  encoded(a_range_delete("k")), encoded(an_expire("k", Revision{7}))};
}

std::string u16(std::size_t number) { return {static_cast<char>(number & 0xFF), static_cast<char>(number >> 8)}; }

std::string zero_bytes(std::size_t count) { return std::string(count, '\0'); }

// What is said of a transaction with this value.
std::string transaction(const std::string& value) {
  return bent(a_transaction(), [&](OwnRecord& one) { one.value = value; });
}

// The parts of one: a check that the key exists, steps that get, delete and set it.
const std::string check = u16(1) + "k\1", get_step = '\3' + u16(1) + 'k', remove_step = '\2' + u16(1) + 'k';

std::string set_step(std::string ttl, const std::string& content_type = zero_bytes(1), std::string size = {}) {
  return '\1' + u16(1) + 'k' + ttl.append(8 - ttl.size(), '\0') + content_type + size.append(4 - size.size(), '\0');
}

std::string repeated(const std::string& part, std::size_t times) {
  std::string all;
  for (; times > 0; --times) all += part;
  return all;
}

// A record that is taken for one of ours says exactly what our own writing of the same would say.
bool is_canonical(const OwnRecord& record) {
  auto decoded = record.decode();
  if (auto* stamped = std::get_if<StampedCommand>(&decoded)) {
    auto written = encoded(stamped->command, stamped->stamp);
    return written.kvs == record.kvs && written.key == record.key && written.value == record.value &&
           written.content_type == record.content_type;
  }
  if (auto* open = std::get_if<OpenRecord>(&decoded)) return encoded(*open).kvs == record.kvs;
  return true;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(kafka_malformed)

BOOST_AUTO_TEST_CASE(the_records_that_are_bent_here_are_good_before) {
  for (const auto& record : one_of_each()) {
    auto kind = kind_of(record.decode());
    BOOST_TEST((kind == "command" || kind == "open"), kind);
    BOOST_TEST(is_canonical(record));
  }
}

BOOST_AUTO_TEST_CASE(any_bit_that_flips_is_noticed) {
  for (const auto& record : one_of_each()) {
    auto flip_all = [&](auto part) {
      for (std::size_t bit = 0; bit < 8 * part(record).size(); ++bit) {
        OwnRecord flipped = record;
        const_cast<char&>(part(flipped)[bit / 8]) ^= static_cast<char>(1 << bit % 8);
        BOOST_REQUIRE_EQUAL(kind_of(flipped.decode()), "its checksum is wrong");
      }
    };
    auto text = [](const auto& part) { return std::string_view(part ? *part : std::string_view()); };
    flip_all([&](const OwnRecord& one) { return text(one.kvs); });
    flip_all([&](const OwnRecord& one) { return text(one.key); });
    flip_all([&](const OwnRecord& one) { return text(one.value); });
    flip_all([&](const OwnRecord& one) { return std::string_view(one.content_type); });
  }
}

BOOST_AUTO_TEST_CASE(bytes_that_move_from_one_part_to_another_are_noticed) {
  OwnRecord record = encoded(a_set("ab", "cd", "ef"));
  auto moved = [&](std::string key, std::string content_type, std::string value) {
    OwnRecord other = record;
    other.key = std::move(key), other.content_type = std::move(content_type), other.value = std::move(value);
    return kind_of(other.decode());
  };
  BOOST_TEST(moved("ab", "ef", "cd") == "command");
  BOOST_TEST(moved("abe", "f", "cd") == "its checksum is wrong");
  BOOST_TEST(moved("ab", "efc", "d") == "its checksum is wrong");
  BOOST_TEST(moved("a", "bef", "cd") == "its checksum is wrong");
}

BOOST_AUTO_TEST_CASE(empty_and_null_are_told_apart) {
  OwnRecord emptied = encoded(a_delete("k")), nulled = encoded(a_set("k", "")), keyed = encoded(a_barrier());
  emptied.value = "";
  nulled.value.reset();
  keyed.key = "";
  for (const auto& record : {emptied, nulled, keyed}) BOOST_TEST(kind_of(record.decode()) == "its checksum is wrong");
}

BOOST_AUTO_TEST_CASE(a_header_may_end_anywhere) {
  for (const auto& record : one_of_each()) {
    for (std::size_t size = 0; size < record.kvs->size(); ++size) {
      auto kind = bent(record, [&](OwnRecord& one) { one.kvs->resize(size); });
      BOOST_TEST((kind != "command" && kind != "open" && kind != "foreign"), size << " bytes: " << kind);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_value_of_a_transaction_may_end_anywhere_but_is_whole_only_once) {
  const OwnRecord record = encoded(full_transaction());
  for (std::size_t size = 0; size < record.value->size(); ++size) {
    auto kind = bent(record, [&](OwnRecord& one) { one.value->resize(size); });
    bool cut_off = kind == cut_value || kind == "a list longer than its record" ||
                   kind == "a condition of no known kind";  // it would have stood next
    BOOST_TEST(cut_off, size << " bytes: " << kind);
  }
  BOOST_TEST(bent(record, [](OwnRecord& one) { *one.value += '\0'; }) == cut_value);
}

BOOST_AUTO_TEST_CASE(whatever_byte_stands_anywhere_in_a_transaction_it_is_refused_or_says_what_we_would_write) {
  const OwnRecord record = encoded(full_transaction());
  for (std::size_t at = 0; at < record.value->size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      OwnRecord other = record;
      (*other.value)[at] = static_cast<char>(value);
      BOOST_REQUIRE_MESSAGE(is_canonical(other.seal()), "byte " << at << " = " << value);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_header_has_nothing_left_over) {
  for (const auto& record : one_of_each()) {
    BOOST_TEST(bent(record, header_end(std::string(1, '\0'))) == cut);
  }
}

BOOST_AUTO_TEST_CASE(whatever_byte_stands_anywhere_the_record_is_refused_or_says_what_we_would_write) {
  for (const auto& record : one_of_each()) {
    for (std::size_t at = 4; at < record.kvs->size(); ++at) {
      for (int value = 0; value < 256; ++value) {
        OwnRecord other = record;
        byte(at, value)(other);
        BOOST_REQUIRE_MESSAGE(is_canonical(other.seal()), "byte " << at << " = " << value);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(an_empty_header_is_malformed) {
  for (std::string header : {"", "1234"}) {
    BOOST_TEST(bent(a_barrier(), [&](OwnRecord& one) { one.kvs = header; }) == "its header is cut off");
  }
}

BOOST_AUTO_TEST_CASE(a_newer_format_is_told_from_damage) {
  for (const auto& record : one_of_each()) {
    BOOST_TEST(bent(record, byte(version_at, 2)) == "newer 2");
    OwnRecord damaged = record;
    byte(version_at, 2)(damaged);
    BOOST_TEST(kind_of(damaged.decode()) == "its checksum is wrong");
  }
}

BOOST_AUTO_TEST_CASE(a_newer_format_may_look_as_it_likes_after_its_version) {
  auto unlike = [](OwnRecord& one) {
    *one.kvs = std::string("crc.\xFF", 5);
    one.value = "operations";
  };
  BOOST_TEST(bent(a_barrier(), unlike) == "newer 255");
}

BOOST_AUTO_TEST_CASE(a_newer_format_says_where_it_was_met_and_what_to_do) {
  BOOST_TEST(to_string(NewerFormat{2}, 7) ==
             "the record at offset 7 was written by a newer kvs (format 2, this one knows 1): update this instance");
}

BOOST_AUTO_TEST_CASE(version_zero_never_was) {
  BOOST_TEST(bent(a_barrier(), byte(version_at, 0)) == "of a format there never was");
}

BOOST_AUTO_TEST_CASE(unknown_kinds_and_fields_are_malformed) {
  for (int kind : {0, 10, 255}) BOOST_TEST(bent(a_barrier(), byte(kind_at, kind)) == "of no known kind");
  BOOST_TEST(bent(a_barrier(), byte(fields_at, 32)) == "fields of no known kind");
  BOOST_TEST(bent(encoded(an_open), byte(fields_at, 1)) == "fields of no known kind");
}

BOOST_AUTO_TEST_CASE(an_instance_has_a_name) {
  BOOST_TEST(bent(a_barrier(), byte(instance_at, 0)) == "a bad instance name");
  BOOST_TEST(bent(a_barrier(), byte(instance_at, 200)) == "a bad instance name");
  BOOST_TEST(bent(a_barrier(), byte(instance_at + 1, '\n')) == "a bad instance name");
  BOOST_TEST(bent(a_barrier(), [](OwnRecord& one) {
               one.kvs->replace(instance_at, 4, '\x81' + std::string(129, 'n'));
             }) == "a bad instance name");
}

BOOST_AUTO_TEST_CASE(a_command_names_its_log_epoch_and_sequence) {
  for (std::size_t at : {log_id_at, body_at, body_at + 8}) {
    BOOST_TEST(bent(a_barrier(), zeros(at, 8)) == "no log id, epoch or sequence number");
  }
}

BOOST_AUTO_TEST_CASE(an_open_record_has_a_nonce_and_an_attempt) {
  BOOST_TEST(bent(encoded(an_open), zeros(body_at, 8)) == "no nonce or attempt");
  BOOST_TEST(bent(encoded(an_open), zeros(body_at + 8, 4)) == "no nonce or attempt");
}

BOOST_AUTO_TEST_CASE(keys_and_values_are_those_of_the_kind) {
  auto key = [](std::optional<std::string> other) { return [other](OwnRecord& one) { one.key = other; }; };
  auto value = [](std::optional<std::string> other) { return [other](OwnRecord& one) { one.value = other; }; };
  BOOST_TEST(bent(a_set("k", "v"), key({})) == "no key, or one of a bad size");
  BOOST_TEST(bent(a_set("k", "v"), key("")) == "no key, or one of a bad size");
  BOOST_TEST(bent(a_delete("k"), key(std::string(1025, 'k'))) == "no key, or one of a bad size");
  BOOST_TEST(bent(a_delete("k"), key({})) == "no key, or one of a bad size");
  BOOST_TEST(bent(a_barrier(), key("k")) == "a key where none belongs");
  BOOST_TEST(bent(encoded(an_open), key("k")) == "a key where none belongs");
  BOOST_TEST(bent(a_touch("k"), key("k")) == "a key where none belongs");
  BOOST_TEST(bent(a_range_delete("k"), key("k")) == "a key where none belongs");
  BOOST_TEST(bent(a_transaction(), key("k")) == "a key where none belongs");
  BOOST_TEST(bent(an_expire("k", Revision{7}), key({})) == "no key, or one of a bad size");
  BOOST_TEST(bent(a_transaction(), value({})) == "a value where none belongs, or none where one does");
  for (const auto& command : without_a_value()) {
    BOOST_TEST(bent(command, value("")) == "a value where none belongs, or none where one does");
  }
  BOOST_TEST(bent(a_set("k", "v"), value({})) == "a value where none belongs, or none where one does");
  BOOST_TEST(bent(encoded(an_open), value("v")) == "a value where none belongs, or none where one does");
}

BOOST_AUTO_TEST_CASE(content_types_belong_to_sets_and_to_http) {
  auto typed = [](std::string type) { return [type](OwnRecord& one) { one.content_type = type; }; };
  BOOST_TEST(bent(a_set("k", "v"), typed("text/plain")) == "command");
  BOOST_TEST(bent(a_set("k", "v"), typed("a\r\nb")) == "a bad content type");
  BOOST_TEST(bent(a_set("k", "v"), typed(std::string(256, 't'))) == "a bad content type");
  BOOST_TEST(bent(a_transaction(), typed("a")) == "a content type where none belongs");
  for (const auto& command : without_a_value()) {
    BOOST_TEST(bent(command, typed("a")) == "a content type where none belongs");
  }
  BOOST_TEST(bent(encoded(an_open), typed("a")) == "a content type where none belongs");
}

BOOST_AUTO_TEST_CASE(a_request_id_is_visible_and_of_1_to_128_bytes) {
  Command command = a_barrier();
  command.request_id = "r";
  BOOST_TEST(bent(command, byte(optional_at + 1, ' ')) == "a bad request id");
  BOOST_TEST(bent(command, byte(optional_at, 0)) == "a bad request id");
  BOOST_TEST(bent(command, [](OwnRecord& one) { one.kvs->replace(optional_at, 2, '\x81' + std::string(129, 'r')); }) ==
             "a bad request id");
}

BOOST_AUTO_TEST_CASE(an_origin_is_of_a_known_kind) {
  Command command = a_barrier();
  command.origin = parse_origin("unix");
  for (int kind : {0, 2, 255}) {
    BOOST_TEST(bent(command, byte(optional_at, kind)) == "an address of no known kind");
  }
}

BOOST_AUTO_TEST_CASE(conditions_are_of_known_kinds_and_not_too_many) {
  Command command = with_condition({Condition::Kind::exists, {}, {}});
  for (int kind : {0, 6, 255}) {
    BOOST_TEST(bent(command, byte(optional_at + 1, kind)) == "a condition of no known kind");
  }
  BOOST_TEST(bent(command, byte(optional_at, 0)) == "no conditions, or too many");
  BOOST_TEST(bent(command, [](OwnRecord& one) { one.kvs->replace(optional_at, 2, '\x41' + std::string(65, '\1')); }) ==
             "no conditions, or too many");
}

BOOST_AUTO_TEST_CASE(conditions_belong_to_a_key) {
  for (const auto& command :
       {encoded(a_barrier()), encoded(a_digest({})), encoded(a_range_delete("k")), encoded(a_transaction())}) {
    BOOST_TEST(bent(command, byte(fields_at, 4)) == "conditions where none belong");
  }
}

BOOST_AUTO_TEST_CASE(a_time_to_live_belongs_to_sets_and_touches) {
  for (const auto& command : {encoded(a_delete("k")), encoded(a_barrier()), encoded(a_digest({})),
                              encoded(a_range_delete("k")), encoded(an_expire("k", {})), encoded(a_transaction())}) {
    BOOST_TEST(bent(command, byte(fields_at, 8)) == "a time to live where none belongs");
  }
}

BOOST_AUTO_TEST_CASE(a_time_to_live_is_above_zero_and_not_too_long) {
  auto ttl = [](std::uint64_t wanted) {
    return bent(a_touch("k", max_ttl), [=](OwnRecord& one) { ByteWriter(one.kvs->data() + optional_at).put(wanted); });
  };
  const auto longest = static_cast<std::uint64_t>(max_ttl.count());
  BOOST_TEST(ttl(1) == "command");
  BOOST_TEST(ttl(longest) == "command");
  for (std::uint64_t bad : {std::uint64_t{0}, longest + 1, std::uint64_t{1} << 63, UINT64_MAX}) {
    BOOST_TEST(ttl(bad) == "a bad time to live");
  }
}

BOOST_AUTO_TEST_CASE(a_request_key_belongs_to_what_a_client_writes) {
  for (const auto& command : {encoded(a_barrier()), encoded(a_digest({})), encoded(an_expire("k", {}))}) {
    BOOST_TEST(bent(command, byte(fields_at, 16)) == "a request key where none belongs");
  }
}

BOOST_AUTO_TEST_CASE(a_request_key_is_visible_and_not_empty) {
  Command command = a_delete("k");
  command.request_key = "r";
  BOOST_TEST(bent(command, byte(optional_at + 1, ' ')) == "a bad request key");
  BOOST_TEST(bent(command, [](OwnRecord& one) { one.kvs->replace(optional_at, 2, 1, '\0'); }) == "a bad request key");
}

BOOST_AUTO_TEST_CASE(a_name_in_the_header_is_a_key_or_a_prefix) {
  auto name = [](std::string other) {
    return [=](OwnRecord& one) { one.kvs->replace(optional_at, std::string::npos, u16(other.size()) + other); };
  };
  BOOST_TEST(bent(a_touch("k"), name("")) == "no name, or one of a bad size");
  BOOST_TEST(bent(a_range_delete("k"), name("")) == "command");
  for (const auto& record : {encoded(a_touch("k")), encoded(a_range_delete("k"))}) {
    BOOST_TEST(bent(record, name(std::string(max_key_size, 'k'))) == "command");
    BOOST_TEST(bent(record, name(std::string(max_key_size + 1, 'k'))) == "no name, or one of a bad size");
    BOOST_TEST(bent(record, byte(optional_at, 2)) == cut);
  }
}

BOOST_AUTO_TEST_CASE(an_expire_is_of_one_revision) {
  const OwnRecord record = encoded(an_expire("k", Revision{7}));
  auto conditions = [](std::string bytes) {
    return [=](OwnRecord& one) { one.kvs->replace(optional_at, std::string::npos, bytes); };
  };
  const std::string one = '\3' + u16(1) + zero_bytes(8), exists = "\1";
  BOOST_TEST(bent(record, conditions('\1' + one)) == "command");
  for (const auto& bad : {'\2' + one + one, '\1' + exists, '\1' + ('\3' + u16(0)),
                          '\1' + ('\3' + u16(2)) + zero_bytes(16), '\1' + ('\4' + u16(1)) + zero_bytes(8)}) {
    BOOST_TEST(bent(record, conditions(bad)) == "an expire of no one revision");
  }
  BOOST_TEST(bent(record, [](OwnRecord& bare) {
               (*bare.kvs)[fields_at] = 0;
               bare.kvs->resize(optional_at);
             }) == "an expire of no one revision");
}

BOOST_AUTO_TEST_CASE(the_parts_of_transactions_that_are_bent_here_are_good_before) {
  BOOST_TEST(transaction(u16(1) + check + u16(2) + get_step + remove_step + u16(1) + set_step("")) == "command");
}

BOOST_AUTO_TEST_CASE(a_transaction_has_at_most_1024_checks_and_1024_steps) {
  auto sized = [](std::size_t checks, std::size_t then, std::size_t otherwise) {
    return transaction(u16(checks) + repeated(check, checks) + u16(then) + repeated(get_step, then) + u16(otherwise) +
                       repeated(get_step, otherwise));
  };
  BOOST_TEST(sized(1024, 1024, 0) == "command");
  BOOST_TEST(sized(0, 1000, 24) == "command");
  BOOST_TEST(sized(1025, 0, 0) == "too many checks");
  BOOST_TEST(sized(0, 1025, 0) == "too many steps");
  BOOST_TEST(sized(0, 1000, 25) == "too many steps");
}

BOOST_AUTO_TEST_CASE(a_transaction_that_says_it_has_more_than_it_has_is_cut_off) {
  BOOST_TEST(transaction(u16(1024) + check) == cut_value);
  BOOST_TEST(transaction(u16(0) + u16(1024) + get_step) == cut_value);
  BOOST_TEST(transaction(u16(0) + u16(1) + set_step("", zero_bytes(1), std::string(4, '\xFF'))) == cut_value);
  BOOST_TEST(transaction(u16(1) + u16(1) + 'k' + '\3' + u16(65535)) == "a list longer than its record");
}

BOOST_AUTO_TEST_CASE(checks_and_steps_have_keys) {
  BOOST_TEST(transaction(u16(1) + u16(0) + '\1' + u16(0) + u16(0)) == "a check of no key, or one of a bad size");
  BOOST_TEST(transaction(u16(0) + u16(1) + '\3' + u16(0) + u16(0)) == "a step with no key, or one of a bad size");
  const std::string too_long = u16(1025) + std::string(1025, 'k');
  BOOST_TEST(transaction(u16(1) + too_long + '\1' + u16(0) + u16(0)) == "a check of no key, or one of a bad size");
  BOOST_TEST(transaction(u16(0) + u16(1) + '\3' + too_long + u16(0)) == "a step with no key, or one of a bad size");
}

BOOST_AUTO_TEST_CASE(checks_and_steps_are_of_known_kinds) {
  for (char kind : {'\0', '\6', '\xFF'}) {
    BOOST_TEST(transaction(u16(1) + u16(1) + 'k' + kind + u16(0) + u16(0)) == "a condition of no known kind");
  }
  for (char kind : {'\0', '\4', '\xFF'}) {
    BOOST_TEST(transaction(u16(0) + u16(1) + kind + u16(1) + 'k' + u16(0)) == "a step of no known kind");
  }
}

BOOST_AUTO_TEST_CASE(a_step_that_sets_has_a_good_time_to_live_and_content_type) {
  auto step = [](const std::string& one) { return transaction(u16(0) + u16(1) + one + u16(0)); };
  BOOST_TEST(step(set_step("\1", "\3a/b")) == "command");
  BOOST_TEST(step(set_step("", "\3a\nb")) == "a bad content type");
  BOOST_TEST(step(set_step(zero_bytes(5) + '\1')) == "a bad time to live");
  BOOST_TEST(step(set_step(std::string(8, '\xFF'))) == "a bad time to live");
}

BOOST_AUTO_TEST_CASE(a_key_is_not_written_twice_in_one_list) {
  BOOST_TEST(transaction(u16(0) + u16(2) + set_step("") + remove_step + u16(0)) == "a key written twice");
  BOOST_TEST(transaction(u16(0) + u16(0) + u16(2) + remove_step + remove_step) == "a key written twice");
  BOOST_TEST(transaction(u16(0) + u16(2) + remove_step + get_step + u16(1) + remove_step) == "command");
}

BOOST_AUTO_TEST_CASE(a_list_is_not_longer_than_its_record) {
  Command listed = with_condition({Condition::Kind::revision_in, {Revision{1}}, {}});
  BOOST_TEST(bent(listed, byte(optional_at + 3, 255)) == "a list longer than its record");
  Command valued = with_condition({Condition::Kind::value_is, {}, "v"});
  BOOST_TEST(bent(valued, byte(optional_at + 5, 255)) == cut);
}

BOOST_AUTO_TEST_SUITE_END()
