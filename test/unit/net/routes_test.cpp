#include "kvs/net/routes.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

using namespace kvs;

namespace {

constexpr Method methods[] = {Method::get,   Method::head, Method::post,    Method::put,
                              Method::patch, Method::del,  Method::options, Method::other};
constexpr std::string_view names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"};

// The methods for which f(route, method), in the order above.
template <class F>
std::string those(std::string_view path, F f) {
  std::string all;
  for (std::size_t i = 0; i < std::size(methods); ++i) {
    if (f(find_route(path), methods[i])) all += (all.empty() ? "" : ", ") + std::string(names[i]);
  }
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(routes)

BOOST_AUTO_TEST_CASE(a_path_names_its_route) {
  for (auto [path, route] : {std::pair{"/v1/kv/a", Route::kv_item},
                             {"/v1/kv/a/b//c/", Route::kv_item},
                             {"/v1/kv/", Route::kv_item},
                             {"/v1/kv/../status", Route::kv_item},
                             {"/v1/kv", Route::kv_list},
                             {"/v1/history/a//b", Route::key_history},
                             {"/v1/watch", Route::watch},
                             {"/v1/status", Route::status},
                             {"/livez", Route::livez},
                             {"/readyz", Route::readyz},
                             {"/", Route::root},
                             {"*", Route::root},
                             {"/set", Route::legacy_set},
                             {"/get", Route::legacy_get},
                             {"/getall", Route::legacy_getall},
                             {"/subscribe", Route::legacy_subscribe}}) {
    BOOST_TEST((find_route(path).route == route), path);
  }
}

BOOST_AUTO_TEST_CASE(a_path_that_is_nearly_a_route_is_unknown) {
  for (const char* path :
       {"/v1", "/v1/", "/v1/nowhere", "/v1/status/", "/v1/Status", "/v1//kv/a", "/v1/kvx", "/v1/history"}) {
    BOOST_TEST((find_route(path).route == Route::unknown_v1), path);
  }
  for (const char* path : {"/nowhere", "/v2/kv/a", "/v1x", "/V1/kv/a", "//v1/kv/a", "/livez/", "/Livez", "/set/",
                           "/getal", "", "/../v1/kv/a", "/%76%31/kv/a"}) {
    BOOST_TEST((find_route(path).route == Route::unknown), path);
  }
}

BOOST_AUTO_TEST_CASE(errors_are_plain_text_outside_v1) {
  for (const char* path : {"/set", "/get", "/getall", "/subscribe", "/livez", "/readyz", "/", "/nowhere"}) {
    BOOST_TEST(find_route(path).legacy, path);
  }
  for (const char* path : {"/v1/kv/a", "/v1/watch", "/v1/status", "/v1/nowhere", "/v1"}) {
    BOOST_TEST(!find_route(path).legacy, path);
  }
}

BOOST_AUTO_TEST_CASE(only_questions_about_the_server_are_answered_while_it_starts) {
  for (const char* path : {"/livez", "/readyz", "/v1/status"}) BOOST_TEST(find_route(path).while_starting, path);
  for (const char* path : {"/v1/kv/a", "/v1/kv", "/v1/history/a", "/v1/watch", "/v1/requests/r", "/v1/snapshot", "/set",
                           "/get", "/getall", "/subscribe", "/"}) {
    BOOST_TEST(!find_route(path).while_starting, path);
  }
}

BOOST_AUTO_TEST_CASE(allow_lists_just_the_methods_that_are_allowed) {
  for (const char* path : {"/v1/kv/a", "/v1/watch", "/v1/requests/r", "/v1/snapshot", "/v1/status", "/livez", "/readyz",
                           "/", "/set", "/get", "/getall", "/subscribe"}) {
    std::string listed(find_route(path).allow);
    BOOST_TEST(those(path, allows).size() == listed.size(), path << ": " << listed);
    for (std::string_view name : names) {
      bool allowed = those(path, allows).find(name) != std::string::npos;
      BOOST_TEST(allowed == (listed.find(name) != std::string::npos), path << ' ' << name);
    }
  }
}

BOOST_AUTO_TEST_CASE(routes_take_their_methods) {
  BOOST_TEST(those("/v1/status", allows) == "GET, HEAD, OPTIONS");
  BOOST_TEST(those("/livez", allows) == "GET, HEAD, OPTIONS");
  BOOST_TEST(those("/subscribe", allows) == "GET, OPTIONS");
  for (Method method : {Method::get, Method::head, Method::put, Method::patch, Method::del, Method::options}) {
    BOOST_TEST(allows(find_route("/v1/kv/a"), method));
  }
  BOOST_TEST(!allows(find_route("/v1/kv/a"), Method::post));
  BOOST_TEST(allows(find_route("/v1/kv"), Method::del));
  BOOST_TEST(!allows(find_route("/v1/kv"), Method::put));
}

BOOST_AUTO_TEST_CASE(the_original_s_routes_take_nearly_every_method) {
  BOOST_TEST(those("/get", allows) == "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  BOOST_TEST(those("/getall", allows) == "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  BOOST_TEST(those("/set", allows) == "GET, POST, PUT, PATCH, DELETE, OPTIONS");
}

BOOST_AUTO_TEST_CASE(a_method_of_nobody_is_allowed_nowhere) {
  for (const char* path : {"/v1/kv/a", "/get", "/", "*", "/nowhere", "/v1/nowhere"}) {
    BOOST_TEST(!allows(find_route(path), Method::other), path);
  }
}

BOOST_AUTO_TEST_CASE(an_unknown_path_takes_nothing) {
  BOOST_TEST(those("/nowhere", allows) == "");
  BOOST_TEST(those("/v1/nowhere", allows) == "");
}

BOOST_AUTO_TEST_CASE(writes_are_told_by_route_and_method) {
  BOOST_TEST(those("/set", writes) == "GET, POST, PUT, PATCH, DELETE, other");  // the original sets by GET, too
  for (Method method : {Method::put, Method::del, Method::post, Method::patch}) {
    BOOST_TEST(writes(find_route("/v1/kv/a"), method));
  }
  for (Method method : {Method::get, Method::head, Method::options}) {
    BOOST_TEST(!writes(find_route("/v1/kv/a"), method));
    BOOST_TEST(!writes(find_route("/v1/kv"), method));
  }
  BOOST_TEST(writes(find_route("/v1/kv"), Method::del));
  for (const char* path :
       {"/get", "/getall", "/subscribe", "/v1/status", "/v1/watch", "/v1/requests/r", "/v1/snapshot", "/livez", "/"}) {
    BOOST_TEST(those(path, writes) == "", path);
  }
}

BOOST_AUTO_TEST_CASE(what_tells_of_the_state_is_told_from_what_does_not) {
  for (const char* path : {"/v1/kv/a", "/v1/watch", "/v1/requests/r", "/v1/snapshot", "/get", "/getall", "/subscribe"})
    BOOST_TEST(find_route(path).reads, path);
  for (const char* path : {"/set", "/v1/status", "/livez", "/readyz", "/", "/nowhere", "/v1/nowhere"})
    BOOST_TEST(!find_route(path).reads, path);
}

BOOST_AUTO_TEST_SUITE_END()
