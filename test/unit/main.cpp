#define BOOST_TEST_MODULE kvs
#include <boost/test/unit_test.hpp>
