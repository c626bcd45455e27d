// What a command works with: flags, else environment, else context, else config file, else the service manager's
// credentials, else defaults.
#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kvs/cmd/command_line.hpp"
#include "kvs/cmd/failure.hpp"

namespace kvs {

enum class Source : std::uint8_t { fallback, credential, file, context, environment, flag };

// Names are Option::name; asking for one that is not in the table, or for the wrong kind, is a mistake in the program.
class Settings {
 public:
  // The value of an environment variable, null if there is none. An empty one counts as none.
  using Environment = std::function<const char*(const char* name)>;

  // `line.command` is set. Reads the config file if one is named, and the context. Throws UsageError.
  Settings(CommandLine line, const Environment& environment);

  Verb verb() const { return line_.command->verb; }
  const std::vector<std::string>& arguments() const { return line_.arguments; }
  const std::vector<std::string>& program() const { return line_.program; }  // with its arguments

  // The same, but as if this had been given as a flag.
  Settings with(std::string_view name, std::string value) const;

  // Flags and environment again, and the config file as it is now. Throws UsageError.
  Settings read_again() const { return Settings(line_, environment_); }

  bool given(std::string_view name) const { return source(name) != Source::fallback; }
  Source source(std::string_view name) const;

  bool on(std::string_view toggle) const;
  std::string text(std::string_view name) const;  // empty if neither given nor with a default
  std::vector<std::string> list(std::string_view name) const;
  std::uint64_t number(std::string_view name) const;
  std::uint64_t size(std::string_view name) const;
  std::chrono::milliseconds duration(std::string_view name) const;

  // A variable of the environment that is no setting (HOME); empty if there is none.
  std::string variable(const char* name) const;
  // Where this user's contexts are kept; empty if the environment does not tell.
  std::filesystem::path user_directory() const;

  // Where the value came from: "--listen", "KVS_LISTEN", "kvs.conf:3: listen".
  std::string place(std::string_view name) const;
  // To be thrown: says where the value came from, then `message`.
  UsageError wrong(std::string_view name, const std::string& message) const;

 private:
  struct Value {
    Source source;
    std::vector<std::string> values;
    std::string where;
  };

  void add_flags();
  void add_environment();
  void add_context();
  std::string wanted_context() const;
  void add_file();
  void add_credentials();
  const Value* find(std::string_view name) const;

  CommandLine line_;
  Environment environment_;
  bool in_context_ = false;  // a context says how to reach the server, and nothing else does
  std::map<std::string, Value, std::less<>> values_;
};

}  // namespace kvs
