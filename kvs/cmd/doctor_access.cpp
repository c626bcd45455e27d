// Who may come in, and by which certificate: the files a start would read.
#include "kvs/cmd/doctor.hpp"
#include "kvs/cmd/serve_certificate.hpp"
#include "kvs/json_text.hpp"
#include "kvs/net/auth_file.hpp"

namespace kvs {
namespace {

using Level = Finding::Level;

Finding judge_auth_file(const std::filesystem::path& file) {
  auto table = AuthTable::load(file);
  if (!table) return {Level::fail, "auth file", table.error().detail, {}};
  if (table->size() == 0)
    return {Level::warn, "auth file", file.string() + " names nobody: nobody may do anything", {}};
  return {Level::ok,
          "auth file",
          file.string() + " names " + std::to_string(table->size()) + (table->size() == 1 ? " holder" : " holders"),
          {}};
}

}  // namespace

Finding judge_certificate(std::chrono::system_clock::time_point expires, std::chrono::system_clock::time_point now) {
  std::string when;
  append_time(when, std::chrono::time_point_cast<std::chrono::milliseconds>(expires));
  const std::string repair = "put a new one in its place and send SIGHUP";
  if (expires <= now) return {Level::fail, "certificate", "ended " + when + ": clients refuse it", repair};
  if (expires - now < certificate_ends_soon) return {Level::warn, "certificate", "ends soon: " + when, repair};
  return {Level::ok, "certificate", "good until " + when, {}};
}

void look_at_access(const ServeOptions& options, Findings& findings) {
  if (!options.auth_file.empty()) findings.push_back(judge_auth_file(options.auth_file));
  if (options.tls.certificate.empty()) return;
  try {
    TlsContext tls(TlsContext::Side::server, options.tls);
    findings.push_back(judge_certificate(tls.expires(), std::chrono::system_clock::now()));
  } catch (const std::runtime_error& error) {
    findings.push_back({Level::fail, "certificate", error.what(), {}});
  }
}

}  // namespace kvs
