// The original project's client: the same flags, routes and output. Whoever calls this program `kvs-cli` gets it.
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/follow.hpp"
#include "kvs/cmd/item.hpp"
#include "kvs/cmd/output.hpp"
#include "kvs/cmd/remote.hpp"
#include "kvs/cmd/text.hpp"
#include "kvs/json_text.hpp"

namespace kvs {
namespace {

// As Go's encoder writes JSON: these characters, which stand in strings only, as escapes.
std::string escaped_as_go(std::string_view json) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> escapes{
      {{"<", "\\u003c"}, {">", "\\u003e"}, {"&", "\\u0026"}, {"\u2028", "\\u2028"}, {"\u2029", "\\u2029"}}};
  std::string out(json);
  for (const auto& [character, escape] : escapes) {
    for (std::size_t at = 0; (at = out.find(character, at)) != std::string::npos; at += escape.size())
      out.replace(at, character.size(), escape);
  }
  return out;
}

// The body with its newline, indented by four spaces, and one more newline: the original's Println of Go's json.Indent.
std::string shown(std::string_view body) { return indent_json(escaped_as_go(body), 4) + "\n\n"; }

ClientAnswer ask(const Settings& settings, const std::string& path, const std::string& body) {
  Remote remote(settings);
  return remote.ask({.method = "POST", .target = path, .fields = {{"Content-Type", "application/json"}}, .body = body});
}

void print(const Settings& settings, const std::string& text) {
  Output output(settings);
  output.write(text);
  output.flush();
}

std::string pair_json(const std::string& key, const std::string& value) {
  std::string body = "{\"Key\":";
  append_json_string_replacing(body, key);
  body += ",\"Value\":";
  append_json_string_replacing(body, value);
  return body + "}";
}

class LegacyFeed : public Feed {
 public:
  explicit LegacyFeed(Output& output) : output_(output) {}

  std::string target() const override { return offset_.empty() ? "/subscribe" : "/subscribe?since=" + offset_; }
  std::string protocol() const override { return {}; }
  std::string place() const override { return offset_.empty() ? "" : "after offset " + offset_; }
  void opened(const ClientAnswer&) override {}

  bool take(std::string_view message) override {
    output_.write(shown(message));
    output_.flush();
    if (auto offset = json_number(message, "Offset")) offset_ = std::to_string(*offset);
    return true;
  }

 private:
  Output& output_;
  std::string offset_;  // of the last message
};

}  // namespace

bool called_as_legacy(const char* program) {
  std::string_view name = program ? program : "";
  return name.substr(name.rfind('/') + 1) == "kvs-cli";
}

int legacy_get(const Settings& settings) {
  std::string key = settings.text("key");
  if (key.empty() && !settings.arguments().empty()) key = settings.arguments().front();
  bool all = settings.on("all") || key.empty();
  ClientAnswer answer = ask(settings, all ? "/getall" : "/get", all ? "" : pair_json(key, ""));
  if (!all && answer.status == 500) throw Failure(exit_code::no_such_key, "no such key: " + key);
  if (answer.status != 200) throw failure_from(answer);
  print(settings, shown(answer.body));
  return exit_code::ok;
}

int legacy_set(const Settings& settings) {
  if (!settings.given("key") || !settings.given("value")) throw UsageError("give --key KEY and --value VALUE");
  ClientAnswer answer = ask(settings, "/set", pair_json(settings.text("key"), settings.text("value")));
  if (answer.status != 200) throw failure_from(answer);
  print(settings, shown(answer.body));
  return exit_code::ok;
}

int legacy_watch(const Settings& settings) {
  Output output(settings);
  LegacyFeed feed(output);
  return follow(settings, feed);
}

}  // namespace kvs
