#include "kvs/bus/kafka_bookmark.hpp"

#include <boost/test/unit_test.hpp>

#include "kvs/crc32c.hpp"

using namespace kvs;

namespace {

constexpr LogId log_x{0xA};

KafkaBookmark bookmark() {
  KafkaBookmark made;
  made.next_offset = 43;
  made.last = LastRecord{41, 1'700'000'000'000, 0x12345678};
  made.time = LogTime{std::chrono::milliseconds{1'700'000'000'500}};
  made.cluster_id = "MkU3OEVBNTcwNTJENDM2Qg";
  made.fence.open({{}, "one", number(log_x), 1}, Revision{1}, {});
  made.fence.open({{}, "two", 0xB, 1}, Revision{5}, {});
  return made;
}

std::string sealed(std::string bytes) {
  ByteWriter(bytes.data() + 4).put(crc32c(std::string_view(bytes).substr(8)));
  return bytes;
}

// What is said of it; empty: nothing, it is good.
std::string complaint(std::string_view bytes, std::optional<LogId> log_id = log_x) {
  try {
    KafkaBookmark::decode(bytes, log_id);
    return {};
  } catch (const BusBroken& broken) {
    return broken.what();
  }
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

constexpr std::size_t version_at = 8;

}  // namespace

BOOST_AUTO_TEST_SUITE(kafka_bookmark)

BOOST_AUTO_TEST_CASE(a_bookmark_comes_out_as_it_went_in) {
  BOOST_TEST((KafkaBookmark::decode(bookmark().encode(), log_x) == bookmark()));
}

BOOST_AUTO_TEST_CASE(an_empty_bookmark_comes_out_as_it_went_in) {
  KafkaBookmark empty;
  BOOST_TEST((KafkaBookmark::decode(empty.encode(), {}) == empty));
}

BOOST_AUTO_TEST_CASE(a_record_without_a_time_stamp_is_remembered_as_such) {
  KafkaBookmark made = bookmark();
  made.last->timestamp = -1;
  BOOST_TEST((KafkaBookmark::decode(made.encode(), log_x) == made));
}

BOOST_AUTO_TEST_CASE(a_long_cluster_id_is_cut) {
  KafkaBookmark made = bookmark();
  made.cluster_id = std::string(300, 'c');
  BOOST_TEST(KafkaBookmark::decode(made.encode(), log_x).cluster_id == std::string(255, 'c'));
}

BOOST_AUTO_TEST_CASE(the_largest_bookmark_keeps_its_bound) {
  KafkaBookmark made = bookmark();
  made.cluster_id = std::string(300, 'c');
  for (std::uint64_t n = 0; n < Fence::max_instances; ++n) {
    made.fence.open({{}, std::string(max_instance_name_size - 4, 'n') + std::to_string(1000 + n), n + 1, 1},
                    Revision{n + 10}, {});
  }
  BOOST_TEST(made.encode().size() <= max_bookmark_size);
}

BOOST_AUTO_TEST_CASE(any_bit_that_flips_is_noticed) {
  const std::string good = bookmark().encode();
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    std::string bad = good;
    bad[bit / 8] ^= static_cast<char>(1 << bit % 8);
    BOOST_REQUIRE(complaint(bad) != "");
  }
}

BOOST_AUTO_TEST_CASE(damage_is_said_with_the_way_out) {
  std::string bytes = bookmark().encode();
  bytes.back() ^= 1;
  BOOST_TEST(complaint(bytes) ==
             "the place in the Kafka topic that the journal remembers is of no use: it is damaged; move the data "
             "directory away, and this instance reads the whole topic again");
}

BOOST_AUTO_TEST_CASE(a_bookmark_may_end_anywhere) {
  const std::string good = bookmark().encode();
  for (std::size_t size = 0; size < good.size(); ++size) {
    BOOST_TEST(complaint(good.substr(0, size)) != "", size << " bytes");
    if (size >= 8) BOOST_TEST(complaint(sealed(good.substr(0, size))) != "", size << " bytes, sealed");
  }
  BOOST_TEST(complaint(sealed(good + '\0')) != "");
}

BOOST_AUTO_TEST_CASE(a_newer_format_is_told_from_damage) {
  std::string bytes = bookmark().encode();
  bytes[version_at] = 2;
  BOOST_TEST(has(complaint(bytes), "damaged"));
  BOOST_TEST(has(complaint(sealed(bytes)), "written by a newer kvs (format 2, this one knows 1)"));
  bytes[version_at] = 0;
  BOOST_TEST(has(complaint(sealed(bytes)), "damaged"));
}

BOOST_AUTO_TEST_CASE(a_bookmark_of_another_bus_is_told_from_damage) {
  BOOST_TEST(has(complaint("local"), "another bus"));
  BOOST_TEST(has(complaint(""), "another bus"));
}

BOOST_AUTO_TEST_CASE(a_bookmark_of_another_log_names_both) {
  auto text = complaint(bookmark().encode(), LogId{0xBEEF});
  BOOST_TEST(has(text, "the journal is of log 000000000000beef, the place of log 000000000000000a"));
}

BOOST_AUTO_TEST_CASE(a_bookmark_of_no_log_does_not_belong_to_one) {
  BOOST_TEST(has(complaint(KafkaBookmark{}.encode(), log_x), "the place of none"));
}

BOOST_AUTO_TEST_CASE(a_journal_that_has_no_log_yet_takes_any) {
  BOOST_TEST(complaint(bookmark().encode(), std::nullopt) == "");
}

BOOST_AUTO_TEST_CASE(offsets_that_cannot_be_are_damage) {
  auto changed = [](auto change) {
    KafkaBookmark made = bookmark();
    change(made);
    return complaint(made.encode());
  };
  BOOST_TEST(has(changed([](auto& one) { one.next_offset = -1; }), "damaged"));
  BOOST_TEST(has(changed([](auto& one) { one.last->offset = one.next_offset; }), "damaged"));
  BOOST_TEST(has(changed([](auto& one) { one.last->offset = -1; }), "damaged"));
  BOOST_TEST(changed([](auto& one) { one.last->offset = one.next_offset - 1; }) == "");
}

BOOST_AUTO_TEST_CASE(whatever_byte_stands_anywhere_it_is_refused_or_reads_as_it_would_be_written) {
  for (const std::string& good : {bookmark().encode(), KafkaBookmark{}.encode()}) {
    for (std::size_t at = version_at; at < good.size(); ++at) {
      for (int value = 0; value < 256; ++value) {
        std::string bytes = good;
        bytes[at] = static_cast<char>(value);
        bytes = sealed(bytes);
        if (complaint(bytes, std::nullopt) != "") continue;
        BOOST_REQUIRE_MESSAGE(KafkaBookmark::decode(bytes, {}).encode() == bytes, "byte " << at << " = " << value);
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
