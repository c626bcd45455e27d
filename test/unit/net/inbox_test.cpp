#include "kvs/net/inbox.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

using namespace kvs;

namespace {

void receive(Inbox& inbox, std::string_view text) {
  std::memcpy(inbox.room(text.size()).data(), text.data(), text.size());
  inbox.received(text.size());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(inbox)

BOOST_AUTO_TEST_CASE(lent_bytes_are_looked_at_where_they_are) {
  std::string theirs = "one two";
  Inbox inbox;
  inbox.lend(theirs);
  BOOST_TEST(static_cast<const void*>(inbox.data().data()) == theirs.data());
  inbox.consume(4);
  BOOST_TEST(inbox.data() == "two");
  inbox.consume(3);
  BOOST_TEST(inbox.empty());
  BOOST_TEST(!inbox.keep());
}

BOOST_AUTO_TEST_CASE(what_is_left_of_lent_bytes_is_kept_and_goes_on_where_it_stopped) {
  std::string theirs = "one two";
  Inbox inbox;
  inbox.lend(theirs);
  inbox.consume(4);
  BOOST_TEST(inbox.keep());
  theirs.assign(theirs.size(), 'x');
  BOOST_TEST(inbox.data() == "two");
  BOOST_TEST(!inbox.keep());  // it is its own now
  receive(inbox, " three");
  BOOST_TEST(inbox.data() == "two three");
}

BOOST_AUTO_TEST_CASE(more_than_a_buffer_of_lent_bytes_is_kept) {
  std::string theirs(20'000, 'a');
  theirs += "end";
  Inbox inbox;
  inbox.lend(theirs);
  BOOST_TEST(inbox.keep());
  BOOST_TEST((inbox.data() == theirs));
  inbox.consume(20'000);
  BOOST_TEST(inbox.data() == "end");
}

BOOST_AUTO_TEST_CASE(bytes_can_be_lent_again_when_all_is_consumed) {
  Inbox inbox;
  receive(inbox, "own");
  inbox.consume(3);
  BOOST_TEST(inbox.empty());
  inbox.lend("lent");
  BOOST_TEST(inbox.data() == "lent");
}

BOOST_AUTO_TEST_SUITE_END()
