#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "kvs/cmd/command_line.hpp"
#include "kvs/cmd/failure.hpp"
#include "kvs/cmd/help.hpp"
#include "kvs/cmd/serve.hpp"
#include "kvs/cmd/settings.hpp"

namespace kvs {
namespace {

int print(const std::string& text) {
  std::cout << text << std::flush;
  return std::cout ? exit_code::ok : exit_code::other;
}

int explain(const CommandLine& line) {
  if (line.command->verb != Verb::help) return print(help(*line.command));
  if (line.arguments.empty()) return print(help());
  const CommandRow* row = find_command(line.arguments.front());
  if (!row) throw UsageError("no such command: '" + line.arguments.front() + "'", "kvs help lists the commands");
  return print(help(*row));
}

int run_server(const Settings& settings) {
  ServeOptions options = serve_options(settings);
  if (settings.on("check-config")) return print("kvs: the configuration is valid\n");
  return serve(options);
}

int run(const std::vector<std::string>& words) {
  CommandLine line = parse_command_line(words);
  if (line.on("version") || (line.command && line.command->verb == Verb::version))
    return print("kvs " KVS_VERSION "\n");
  if (!line.command) return print(help());
  if (line.on("help") || line.command->verb == Verb::help) return explain(line);
  Settings settings(std::move(line), [](const char* name) -> const char* { return std::getenv(name); });
  switch (settings.verb()) {
    case Verb::serve:
      return run_server(settings);
    default:
      throw Failure(exit_code::other, "not built yet");
  }
}

}  // namespace
}  // namespace kvs

int main(int argc, char** argv) try {
  return kvs::run({argv + (argc > 0 ? 1 : 0), argv + argc});
} catch (const kvs::Failure& failure) {
  std::cerr << "kvs: " << failure.what() << "\n";
  if (!failure.hint().empty()) std::cerr << failure.hint() << "\n";
  return failure.exit_code();
} catch (const std::exception& error) {
  std::cerr << "kvs: " << error.what() << "\n";
  return kvs::exit_code::other;
}
