#include "kvs/cmd/manual.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <utility>

#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/http_manual.hpp"
#include "kvs/cmd/options.hpp"
#include "kvs/cmd/roff.hpp"

namespace kvs {
namespace {

constexpr std::array<std::pair<int, std::string_view>, 12> exit_codes{
    {{0, "Done."},
     {1, "Something else went wrong."},
     {2, "Wrong usage or configuration."},
     {3, "No such key; the others were printed."},
     {4, "A condition did not hold."},
     {5, "The server cannot be reached, or it is not ready."},
     {6, "The watch has a gap, and --on-gap=fail was given."},
     {7, "Not allowed."},
     {8, "Partly done."},
     {9, "Damaged or unfit data."},
     {124, "Not in time."},
     {130, "Ended by SIGINT (143: by SIGTERM)."}}};

std::string page_name(const CommandRow& command) {
  std::string name = "kvs-" + std::string(command.name);
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

std::string lower_first(std::string_view text) {
  std::string out(text);
  if (out.size() > 1 && out[0] >= 'A' && out[0] <= 'Z' && !(out[1] >= 'A' && out[1] <= 'Z'))
    out[0] = static_cast<char>(out[0] - 'A' + 'a');
  return out;
}

std::string explanation(const Option& option) {
  std::string text(option.help);
  text += '.';
  if (!option.fallback.empty()) text += " Default: " + std::string(option.fallback) + ".";
  if (option.repeatable) text += " May be repeated.";
  return text;
}

void add_flag(Roff& page, const Option& option) {
  std::string term = option.letter != 0 ? std::string{'-', option.letter} + ", " : "";
  page.entry(term + "--" + std::string(option.name), option.value, explanation(option));
}

template <class Wanted>
void add_flags(Roff& page, std::string_view heading, const Wanted& wanted) {
  bool any = std::ranges::any_of(all_options(), wanted);
  if (any) page.heading(heading);
  for (const Option& option : all_options())
    if (wanted(option)) add_flag(page, option);
}

ManualPage page_of(const CommandRow& command) {
  Roff page(page_name(command), 1, lower_first(command.summary));
  page.heading("SYNOPSIS").paragraph("kvs " + std::string(command.name) + " " + std::string(command.synopsis));
  if (!command.details.empty()) page.heading("DESCRIPTION").paragraph(command.details);
  if (!command.aliases.empty()) page.paragraph("Also: " + std::string(command.aliases) + ".");
  bool also_serves = command.verb == Verb::doctor || command.verb == Verb::config_show;
  add_flags(page, "FLAGS", [&](const Option& option) {
    return goes_with(option, command.verb) && !global(option) && !(also_serves && goes_with(option, Verb::serve));
  });
  if (also_serves) page.paragraph("And every flag of kvs-serve(1).");
  page.paragraph("The flags of every command are in kvs(1).");
  page.heading("EXAMPLES").example(command.examples);
  page.heading("SEE ALSO").paragraph("kvs(1), kvs.conf(5), kvs-http(7)");
  return {page_name(command), 1, page.take()};
}

ManualPage overview() {
  Roff page("kvs", 1, "a key-value store whose changes can be watched");
  page.heading("SYNOPSIS").paragraph("kvs COMMAND [flags]");
  page.heading("COMMANDS");
  for (const CommandRow& row : all_commands())
    if (!row.hidden)
      page.entry("kvs " + std::string(row.name), row.synopsis,
                 std::string(row.summary) + ": " + page_name(row) + "(1).");
  add_flags(page, "FLAGS OF EVERY COMMAND", [](const Option& option) { return global(option); });
  page.paragraph("Flags stand anywhere, are never abbreviated, and end at --.");
  page.heading("EXIT CODES");
  for (const auto& [code, meaning] : exit_codes) page.entry(std::to_string(code), "", meaning);
  page.heading("ENVIRONMENT");
  for (const Option& option : all_options())
    if (global(option) && option.reach != Reach::flag)
      page.entry(environment_name(option), "", "As --" + std::string(option.name) + ".");
  page.entry(
      "CREDENTIALS_DIRECTORY", "",
      "Of systemd: files there named token-file, cacert, cert or key-file stand for these flags where nothing else "
      "does and no context is used.");
  page.entry("NO_COLOR", "", "Not empty: no colours.");
  page.entry("COLUMNS", "", "How wide a table may be on a terminal.");
  page.heading("SEE ALSO").paragraph("kvs.conf(5), kvs-http(7)");
  return {"kvs", 1, page.take()};
}

ManualPage config_page() {
  Roff page("kvs.conf", 5, "settings of kvs");
  page.heading("DESCRIPTION")
      .paragraph("The file that --config or KVS_CONFIG names, a setting a line:")
      .example(
          "# what begins with # is not read\nlisten = 127.0.0.1:23333\nephemeral\n\n[kafka]\nbrokers = k1:9092,k2:9092")
      .paragraph(
          "A bare name turns a toggle on. In a section [kafka] the name brokers means kafka-brokers. A setting that\n"
          "may be repeated stands on several lines. A flag on the command line wins over the environment, the\n"
          "environment over the file, and that over systemd's credentials (a file named auth-file, tls-cert, tls-key,\n"
          "tls-client-ca, kafka-config-file, token-file, cacert, cert or key-file). kvs serve --check-config checks "
          "the file, kvs config show tells where each\n"
          "value comes from.");
  page.heading("SETTINGS");
  for (const Option& option : all_options()) {
    if (option.reach != Reach::everywhere) continue;
    page.entry(option.name, option.value.empty() ? "[= true|false]" : "= " + std::string(option.value),
               explanation(option) + "\nIn the environment: " + environment_name(option) + ".");
  }
  page.heading("SEE ALSO").paragraph("kvs-serve(1)");
  return {"kvs.conf", 5, page.take()};
}

}  // namespace

std::vector<ManualPage> manual_pages() {
  std::vector<ManualPage> pages{overview()};
  for (const CommandRow& row : all_commands())
    if (!row.hidden) pages.push_back(page_of(row));
  pages.push_back(config_page());
  pages.push_back({"kvs-http", 7, http_manual()});
  return pages;
}

int write_manual(const Settings& settings) {
  if (settings.arguments().size() != 1) throw UsageError("which directory?", "kvs __manual DIR");
  std::filesystem::path directory = settings.arguments().front();
  for (const ManualPage& page : manual_pages()) {
    std::filesystem::path place = directory / ("man" + std::to_string(page.section));
    std::filesystem::create_directories(place);
    std::ofstream file(place / (page.name + "." + std::to_string(page.section)), std::ios::binary);
    file << page.roff << std::flush;
    if (!file) throw Failure(exit_code::other, "cannot write into " + place.string());
  }
  return exit_code::ok;
}

}  // namespace kvs
