#include "kvs/cmd/serve_certificate.hpp"

#include "kvs/json_text.hpp"
#include "kvs/log.hpp"

namespace kvs {

void log_certificate(const TlsContext& tls, std::chrono::system_clock::time_point now) {
  auto expires = tls.expires();
  std::string when;
  append_time(when, std::chrono::time_point_cast<std::chrono::milliseconds>(expires));
  if (expires <= now) {
    log::error("the TLS certificate has expired: clients refuse it; put a new one in its place and send SIGHUP",
               {{"expires", when}});
  } else if (expires - now < certificate_ends_soon) {
    log::warn("the TLS certificate expires soon: put a new one in its place and send SIGHUP", {{"expires", when}});
  } else {
    log::info("TLS certificate", {{"expires", when}});
  }
}

}  // namespace kvs
