// kvs context add, ls, show, select and rm.
#include <boost/json.hpp>
#include <filesystem>

#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/context.hpp"
#include "kvs/cmd/output.hpp"
#include "kvs/cmd/text.hpp"
#include "kvs/net/client_address.hpp"

namespace kvs {
namespace {

bool for_people(const Output& output) { return output.form() == Form::human || output.form() == Form::table; }

std::string one_name(const Settings& settings) {
  if (settings.arguments().size() != 1) throw UsageError("which context?", "kvs context ls lists them");
  return settings.arguments().front();
}

boost::json::object object_of(const Contexts& contexts, const std::string& name) {
  boost::json::object object{{"name", name}, {"selected", contexts.selected() == name}};
  for (const auto& [member, value] : contexts.read(name)) object[member] = value;
  return object;
}

}  // namespace

int context_add(const Settings& settings) {
  std::string name = one_name(settings);
  ContextValues values;
  for (const Option& option : all_options()) {
    std::string member(option.name);
    if (!option.in_context || settings.source(member) != Source::flag) continue;
    std::string value = settings.text(member);
    // A context is used from any directory.
    values[member] = option.value == "FILE" && value != "-" ? std::filesystem::absolute(value).string() : value;
  }
  if (!values.contains("server")) throw UsageError("which server?", "kvs context add NAME --server URL");
  auto address = parse_server_address(values["server"]);
  if (!address) throw settings.wrong("server", address.error().detail);
  Contexts(settings.user_directory()).add(name, values);
  return exit_code::ok;
}

int context_list(const Settings& settings) {
  if (!settings.arguments().empty()) throw UsageError("kvs context ls takes no arguments");
  Contexts contexts(settings.user_directory());
  Output output(settings);
  std::vector<std::vector<std::string>> rows;
  for (const std::string& name : contexts.names()) {
    boost::json::object object = object_of(contexts, name);
    bool selected = object["selected"].as_bool();
    if (!for_people(output)) output.write_json_line(boost::json::serialize(object));
    const boost::json::value* server = object.if_contains("server");
    std::string url = server ? escaped(std::string(server->as_string()), Escape::line) : "";
    rows.push_back({selected ? "*" : " ", name, url});
  }
  if (for_people(output)) output.write(table(rows, output.width()));
  output.flush();
  return exit_code::ok;
}

int context_show(const Settings& settings) {
  Contexts contexts(settings.user_directory());
  std::string name = settings.arguments().empty() ? contexts.selected() : one_name(settings);
  if (name.empty()) throw Failure(exit_code::other, "no context is selected", "kvs context select NAME selects one");
  Output output(settings);
  boost::json::object object = object_of(contexts, name);
  if (for_people(output)) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& [member, value] : contexts.read(name)) rows.push_back({member, escaped(value, Escape::line)});
    output.write(output.painted(name, "1") + (contexts.selected() == name ? " (selected)\n" : "\n"));
    output.write(table(rows, output.width()));
  } else {
    output.write_json(boost::json::serialize(object));
  }
  output.flush();
  return exit_code::ok;
}

int context_select(const Settings& settings) {
  Contexts contexts(settings.user_directory());
  std::string name = one_name(settings);
  if (name == "-") name = contexts.previous();
  if (name.empty()) throw Failure(exit_code::other, "no context was selected before", "kvs context ls lists them");
  contexts.select(name);
  Output output(settings);
  if (!output.quiet()) output.write(name + "\n");
  output.flush();
  return exit_code::ok;
}

int context_remove(const Settings& settings) {
  Contexts contexts(settings.user_directory());
  std::string name = one_name(settings);
  bool selected = contexts.selected() == name;
  contexts.remove(name);
  if (selected && !settings.on("quiet")) report(Failure(exit_code::ok, "no context is selected now: that was " + name));
  return exit_code::ok;
}

}  // namespace kvs
