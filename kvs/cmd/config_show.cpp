// kvs config show: every setting, and where it comes from.
#include <boost/json.hpp>

#include "kvs/bus/kafka_config.hpp"
#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/output.hpp"
#include "kvs/cmd/text.hpp"

namespace kvs {
namespace {

// Passwords are given to librdkafka as settings of its own.
std::string shown(const Option& option, const std::string& value) {
  std::size_t equals = value.find('=');
  bool secret = option.name == "kafka-config" && equals != std::string::npos &&
                is_kafka_secret(std::string_view(value).substr(0, equals));
  return secret ? value.substr(0, equals + 1) + "(hidden)" : value;
}

std::string origin(const Settings& settings, const Option& option) {
  std::string name(option.name);
  return settings.given(name) ? settings.place(name) : "default";
}

struct Line {
  const Option* option;
  std::string value, from;
};

std::vector<Line> lines_of(const Settings& settings) {
  std::vector<Line> lines;
  for (const Option& option : all_options()) {
    if (option.reach != Reach::everywhere) continue;
    std::vector<std::string> values = settings.list(option.name);
    if (values.empty()) values.push_back(option.kind == Kind::toggle ? "false" : "");
    for (const std::string& value : values) lines.push_back({&option, shown(option, value), origin(settings, option)});
  }
  return lines;
}

void print_json(Output& output, const std::vector<Line>& lines) {
  boost::json::object object;
  for (const Line& line : lines) {
    boost::json::value& entry = object[std::string(line.option->name)];
    if (!entry.is_object())
      entry = boost::json::object{{"value", line.value}, {"from", line.from}};
    else if (entry.as_object()["value"].is_string())
      entry.as_object()["value"] = boost::json::array{entry.as_object()["value"], line.value};
    else
      entry.as_object()["value"].as_array().emplace_back(line.value);
  }
  output.write_json(boost::json::serialize(object));
}

void print_table(Output& output, const std::vector<Line>& lines) {
  std::vector<std::vector<std::string>> rows{{"SETTING", "FROM", "VALUE"}};
  for (const Line& line : lines)
    rows.push_back(
        {std::string(line.option->name), escaped(line.from, Escape::line), escaped(line.value, Escape::line)});
  output.write(table(rows, output.width()));
}

// On a pipe it is a config file again; what is not set has no line there.
void print_file(Output& output, const std::vector<Line>& lines) {
  for (const Line& line : lines)
    if (!line.value.empty())
      output.write(std::string(line.option->name) + " = " + escaped(line.value, Escape::line) + "  # " +
                   escaped(line.from, Escape::line) + "\n");
}

}  // namespace

int config_show(const Settings& settings) {
  if (!settings.arguments().empty()) throw UsageError("kvs config show takes no arguments");
  Output output(settings);
  std::vector<Line> lines = lines_of(settings);
  if (output.form() == Form::human || output.form() == Form::table)
    print_table(output, lines);
  else if (output.form() == Form::machine || output.form() == Form::raw)
    print_file(output, lines);
  else
    print_json(output, lines);
  output.flush();
  return exit_code::ok;
}

}  // namespace kvs
