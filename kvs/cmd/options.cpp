#include "kvs/cmd/options.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include "kvs/position.hpp"
#include "kvs/revision.hpp"
#include "kvs/suggest.hpp"
#include "kvs/units.hpp"

namespace kvs {
namespace {

constexpr std::array commands{
    CommandRow{Verb::serve, "serve", "", "[flags]", "Run the server",
               "Keeps its data in --data-dir, durable when acknowledged, and logs on stderr. SIGTERM or SIGINT\n"
               "ends it politely, a second one at once.",
               "kvs serve\n"
               "kvs serve --ephemeral --listen 127.0.0.1:0\n"
               "kvs serve --config /etc/kvs/kvs.conf --check-config"},
    CommandRow{Verb::get, "get", "", "[KEY...] [flags]", "Print values",
               "One key: its bytes exactly (on a terminal control bytes are escaped and a newline is added).\n"
               "Several keys: a table on a terminal, one JSON record a line on a pipe. No key at all: every key.\n"
               "Exit code 3 if a key is not there; the others are still printed.",
               "kvs get City\n"
               "kvs get --prefix app/ -o json\n"
               "kvs get -a -o ndjson"},
    CommandRow{Verb::set, "set", "put", "KEY [VALUE | - | @FILE] [flags]", "Set a key",
               "Prints the revision. Without a value, or with -, the value is read from stdin; @FILE reads a file.\n"
               "--value is always taken as it is. Exit code 4 if a condition does not hold.",
               "kvs set City Ahmedabad\n"
               "kvs set app/config @config.yaml --content-type application/yaml\n"
               "kvs set lock me --if-absent"},
    CommandRow{Verb::remove, "delete", "del rm", "KEY... [flags]", "Delete keys",
               "Prints how many keys were deleted. A key that is not there counts 0 and is no error.",
               "kvs delete City"},
    CommandRow{Verb::watch, "watch", "", "[KEY...] [flags]", "Follow changes",
               "Keys and --prefix together choose what is watched; neither: everything. A line per change on a\n"
               "terminal, one JSON event a line on a pipe. Reconnects by itself and goes on where it was.",
               "kvs watch\n"
               "kvs watch --prefix app/ --initial\n"
               "kvs watch City --count 1 --timeout 30s"},
    CommandRow{Verb::status, "status", "", "[flags]", "Show what the server says about itself", "",
               "kvs status\nkvs status --json"},
    CommandRow{Verb::health, "health", "", "[flags]", "Ask whether the server lives",
               "Exit code 0 if so, 1 if it says no, 5 if it cannot be reached.", "kvs health --ready"},
    CommandRow{Verb::doctor, "doctor", "", "[flags]", "Look for what would keep a server from serving well",
               "Looks at what `kvs serve` with the same flags, environment and config file would need: data\n"
               "directory, limits, and with --bus kafka the brokers, the topic and their clock. A line for each: ok,\n"
               "warn or fail, with the repair. Exit code 1 if something failed. Changes nothing.",
               "kvs doctor\n"
               "kvs doctor --config /etc/kvs/kvs.conf\n"
               "kvs doctor --bus kafka --kafka-brokers k1:9092,k2:9092"},
    CommandRow{Verb::topic_create, "topic create", "", "[flags]", "Make the topic of the Kafka bus",
               "One partition, nothing deleted by age or size, three copies of which two must acknowledge where\n"
               "there are three brokers. A topic that is there already is only checked.",
               "kvs topic create --kafka-brokers k1:9092 --kafka-topic kvs"},
    CommandRow{Verb::topic_check, "topic check", "", "[flags]", "Whether the topic is safe to keep data in",
               "A line for each thing looked at: ok, warn or fail, with the command that repairs it. Exit code 1\n"
               "if something failed: `kvs serve` would refuse the topic.",
               "kvs topic check --kafka-brokers k1:9092"},
    CommandRow{Verb::topic_describe, "topic describe", "", "[flags]", "Show the topic, its settings and its cluster",
               "", "kvs topic describe --kafka-brokers k1:9092 -o json"},
    CommandRow{Verb::topic_trim, "topic trim", "", "[flags]", "Delete records that no instance needs any more",
               "Asks a running instance (--server) what snapshots all instances have, and deletes, for everybody and\n"
               "for good, the records below the oldest of these. An instance that will never come back is left out\n"
               "with --forget; a new one then needs --bootstrap-from. Asks first on a terminal, else needs --yes.",
               "kvs topic trim --kafka-brokers k1:9092 --dry-run\n"
               "kvs topic trim --kafka-brokers k1:9092 --forget old-host --yes"},
    CommandRow{Verb::promote, "promote", "", "--data-dir DIR --to kafka [flags]",
               "Make the keys of a data directory the beginning of a topic",
               "The keys are written to an empty topic, in the order of their revisions; there they get new ones, and\n"
               "the history a new log id. The directory is read only. (The way back: kvs snapshot save and restore.)",
               "kvs promote --data-dir /var/lib/kvs --to kafka --kafka-brokers k1:9092"},
    CommandRow{Verb::snapshot_save, "snapshot save", "", "FILE [flags]", "Save the server's keys and values to a file",
               "All of them as they are at one revision. The file appears under its name when it is whole.",
               "kvs snapshot save kvs.snapshot"},
    CommandRow{Verb::snapshot_inspect, "snapshot inspect", "", "FILE [flags]",
               "Check a snapshot and show what is in it", "Exit code 9 if it is damaged.",
               "kvs snapshot inspect kvs.snapshot"},
    CommandRow{Verb::snapshot_restore, "snapshot restore", "", "FILE --data-dir DIR",
               "Make a data directory out of a snapshot",
               "The directory must be empty or not there. The history gets a new log id: whoever watched the old\n"
               "one is told so, instead of being given numbers that mean something else.",
               "kvs snapshot restore kvs.snapshot --data-dir /var/lib/kvs"},
    CommandRow{Verb::version, "version", "", "", "Show the version", "", "kvs version"},
    CommandRow{Verb::help, "help", "", "[COMMAND]", "Explain a command", "", "kvs help watch"},
};

constexpr Verbs doctoring = only(Verb::doctor);
constexpr Verbs serving = only(Verb::serve) | doctoring;  // the doctor looks at what a server would do
constexpr Verbs getting = only(Verb::get);
constexpr Verbs setting = only(Verb::set);
constexpr Verbs watching = only(Verb::watch);
constexpr Verbs checking = only(Verb::health);
constexpr Verbs trimming = only(Verb::topic_trim);
constexpr Verbs promoting = only(Verb::promote);
constexpr Verbs topics = only(Verb::topic_create) | only(Verb::topic_check) | only(Verb::topic_describe) | trimming;
constexpr Verbs restoring = only(Verb::snapshot_restore);
constexpr Verbs with_kafka = serving | topics | promoting;
constexpr Verbs with_progress = promoting | only(Verb::snapshot_save) | only(Verb::snapshot_inspect) | restoring;

constexpr std::array options{
    // Every command.
    Option{"server", 0, Kind::text, "URL", "http://127.0.0.1:23333", every_verb, Reach::everywhere,
           "The server: http://HOST:PORT, HOST:PORT or unix:PATH (also --server-address)"},
    Option{"timeout", 0, Kind::duration, "DURATION", "5s", every_verb, Reach::everywhere,
           "How long one request may take; for watch the whole command, given as a flag only (default there: no end)"},
    Option{"output", 'o', Kind::choice, "json|ndjson|table|raw", "", every_verb, Reach::everywhere,
           "Form of the output, instead of the one chosen by terminal or pipe"},
    Option{"json", 0, Kind::toggle, "", "", every_verb, Reach::everywhere,
           "The server's own JSON; several records as NDJSON"},
    Option{"color", 0, Kind::choice, "auto|always|never", "auto", every_verb, Reach::everywhere,
           "Colours; auto: on a terminal, unless NO_COLOR is set"},
    Option{"quiet", 'q', Kind::toggle, "", "", every_verb, Reach::everywhere,
           "Print data and errors only: no counts, hints or notices"},
    Option{"debug", 0, Kind::toggle, "", "", every_verb, Reach::everywhere,
           "Show each request and answer on stderr (values left out)"},
    Option{"config", 0, Kind::text, "FILE", "", every_verb, Reach::environment,
           "Take settings from FILE: lines `name = value`"},
    Option{"help", 'h', Kind::toggle, "", "", every_verb, Reach::flag, "Show this and exit"},
    Option{"version", 0, Kind::toggle, "", "", every_verb, Reach::flag, "Show the version and exit"},

    // get, set, delete, watch.
    Option{"key", 'k', Kind::text, "KEY", "", getting | setting | only(Verb::remove) | watching, Reach::flag,
           "The key; the same as an argument"},
    Option{"all", 'a', Kind::toggle, "", "", getting, Reach::flag, "Every key"},
    Option{"min-revision", 0, Kind::position, "REVISION", "", getting, Reach::flag,
           "Wait until the server has this revision, up to --timeout (at most 60s)"},
    Option{"linearizable", 0, Kind::toggle, "", "", getting, Reach::flag,
           "See everything that was acknowledged anywhere before, also by other instances"},
    Option{"prefix", 0, Kind::text, "PREFIX", "", getting | watching, Reach::flag, "Every key that begins with PREFIX",
           true},
    Option{"value", 'v', Kind::text, "VALUE", "", setting, Reach::flag, "The value, taken as it is"},
    Option{"if-absent", 0, Kind::toggle, "", "", setting, Reach::flag, "Only if there is no such key"},
    Option{"if-revision", 0, Kind::number, "N", "", setting, Reach::flag,
           "Only if the key was last changed at revision N (0: no such key)", false, max_revision_number},
    Option{"content-type", 0, Kind::text, "TYPE", "", setting, Reach::flag, "Content type stored with the value"},
    Option{"since", 0, Kind::position, "REVISION", "", watching, Reach::flag,
           "Changes after this revision (0: from the beginning)"},
    Option{"initial", 0, Kind::toggle, "", "", watching, Reach::flag, "What is there now first, then changes"},
    Option{"count", 0, Kind::number, "N", "", watching, Reach::flag,
           "End after N changes (all of the last one's revision are shown)", false, max_revision_number},
    Option{"ready", 0, Kind::toggle, "", "", checking, Reach::flag,
           "Whether it takes requests, not only whether it lives"},

    // topic, doctor, promote, snapshot.
    Option{"to", 0, Kind::choice, "kafka", "", promoting, Reach::flag, "Where the keys go"},
    Option{"forget", 0, Kind::text, "NAME", "", trimming, Reach::flag,
           "Leave out this instance: it will never come back", true},
    Option{"dry-run", 0, Kind::toggle, "", "", trimming, Reach::flag, "Only say what would be done"},
    Option{"yes", 'y', Kind::toggle, "", "", trimming, Reach::flag, "Do not ask"},
    Option{"write", 0, Kind::toggle, "", "", doctoring, Reach::flag,
           "Also write a record to the topic, one that every instance ignores: shows rights and clocks"},
    Option{"no-progress", 0, Kind::toggle, "", "", with_progress, Reach::flag, "No progress bar"},

    // serve.
    Option{"listen", 0, Kind::text, "ADDR:PORT", "127.0.0.1:23333", serving, Reach::everywhere,
           "Where to listen; also unix:PATH; port 0 = any", true},
    Option{"data-dir", 0, Kind::text, "DIR", "", serving | promoting | restoring, Reach::everywhere,
           "Where the data is kept (default: $STATE_DIRECTORY, else $XDG_STATE_HOME/kvs, else ~/.local/state/kvs)"},
    Option{"ephemeral", 0, Kind::toggle, "", "", serving, Reach::everywhere, "Keep nothing on disk"},
    Option{"bus", 0, Kind::choice, "local|kafka", "local", serving, Reach::everywhere,
           "What orders the commands: this process, or a topic that several instances share"},
    Option{
        "instance", 0, Kind::text, "NAME", "", serving | promoting, Reach::everywhere,
        "This instance's name, the same at every start and on a Kafka bus no other's (default: the host's name; with "
        "--bus kafka and another port than 23333 HOST-PORT)"},
    Option{"threads", 0, Kind::number, "N", "", serving, Reach::everywhere, "I/O threads (default: one per processor)",
           false, 256},
    Option{"fsync", 0, Kind::choice, "always|INTERVAL|never", "always", serving, Reach::everywhere,
           "When a write is on disk: before it is answered, every so often (500ms), or when the system likes (the "
           "default with --bus kafka: there the topic keeps it)"},
    Option{"history-bytes", 0, Kind::size, "SIZE", "256MiB", serving, Reach::everywhere,
           "Changes kept on disk for watches that come back"},
    Option{"history-memory", 0, Kind::size, "SIZE", "64MiB", serving, Reach::everywhere,
           "Recent changes kept in memory"},
    Option{"max-value-size", 0, Kind::size, "SIZE", "1MiB", with_kafka, Reach::everywhere, "Largest value taken"},
    Option{"max-connections", 0, Kind::number, "N", "10000", serving, Reach::everywhere, "Connections at a time", false,
           1'000'000},
    Option{"allow-anonymous", 0, Kind::toggle, "", "", serving, Reach::everywhere,
           "Listen beyond loopback without TLS and tokens: whoever reaches it may read and write"},
    Option{"allowed-host", 0, Kind::text, "NAME", "", serving, Reach::everywhere,
           "A Host that loopback listeners answer to, besides localhost", true},
    Option{"cors-origin", 0, Kind::text, "ORIGIN", "", serving, Reach::everywhere,
           "A web origin that may use the server (https://HOST[:PORT])", true},
    Option{"kafka-brokers", 0, Kind::text, "HOST:PORT,...", "", with_kafka, Reach::everywhere,
           "Some of the brokers of the Kafka cluster"},
    Option{"kafka-topic", 0, Kind::text, "TOPIC", "kvs", with_kafka, Reach::everywhere,
           "The topic; also the one named in messages of the legacy watch"},
    Option{"kafka-config", 0, Kind::text, "NAME=VALUE", "", with_kafka, Reach::everywhere,
           "A setting of librdkafka (security.protocol=ssl); passwords belong into a file", true},
    Option{"kafka-config-file", 0, Kind::text, "FILE", "", with_kafka, Reach::everywhere,
           "Settings of librdkafka, one name=value a line"},
    Option{"kafka-create-topic", 0, Kind::choice, "auto|never", "auto", serving, Reach::everywhere,
           "Whether a topic that is not there is made"},
    Option{"kafka-foreign", 0, Kind::choice, "accept|ignore", "accept", serving, Reach::everywhere,
           "Records in the topic that other programs wrote: sets and deletes, or nothing; the same on all instances"},
    Option{"allow-unsafe-topic", 0, Kind::toggle, "", "", serving, Reach::everywhere,
           "Use the topic even if it may lose acknowledged writes"},
    Option{"bootstrap-from", 0, Kind::text, "URL", "", serving, Reach::everywhere,
           "An instance to get a snapshot from if the topic does not reach back far enough"},
    Option{"log-level", 0, Kind::choice, "debug|info|warning|error", "info", serving, Reach::everywhere,
           "What is logged"},
    Option{"log-format", 0, Kind::choice, "auto|logfmt|json", "auto", serving, Reach::everywhere,
           "Form of the log; auto: for people on a terminal, else logfmt"},
    Option{"shutdown-delay", 0, Kind::duration, "DURATION", "0s", serving, Reach::everywhere,
           "How long to say `not ready` before closing the listeners"},
    Option{"shutdown-timeout", 0, Kind::duration, "DURATION", "10s", serving, Reach::everywhere,
           "How long a polite end may take"},
    Option{"check-config", 0, Kind::toggle, "", "", only(Verb::serve), Reach::flag,
           "Check flags, environment and file, open nothing, exit 0 or 2"},
    Option{"print-kafka-config", 0, Kind::toggle, "", "", only(Verb::serve), Reach::flag,
           "Show the settings the Kafka clients would get (secrets hidden) and exit"},
};

bool has_word(std::string_view words, char separator, std::string_view word) {
  while (!words.empty()) {
    std::size_t end = std::min(words.find(separator), words.size());
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

bool is_placeholder(std::string_view word) {
  return std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::isupper(c) != 0; });
}

std::vector<std::string_view> words_of(std::string_view words) {
  std::vector<std::string_view> list;
  while (!words.empty()) {
    std::size_t end = std::min(words.find('|'), words.size());
    list.push_back(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return list;
}

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

std::string choice_complaint(const Option& option, std::string_view text) {
  std::vector<std::string_view> words = words_of(option.value);
  for (std::string_view word : words)
    if (is_placeholder(word) ? parse_duration(text).has_value() : word == text) return {};
  std::string message = quoted(text) + " is none of " + std::string(option.value);
  std::string_view near = closest(text, words);
  return near.empty() || is_placeholder(near) ? message : message + ": did you mean " + std::string(near) + "?";
}

}  // namespace

std::span<const CommandRow> all_commands() { return commands; }
std::span<const Option> all_options() { return options; }

const CommandRow* find_command(std::string_view name) {
  for (const CommandRow& row : commands)
    if (row.name == name || has_word(row.aliases, ' ', name)) return &row;
  return nullptr;
}

const CommandRow& command_row(Verb verb) {
  return *std::find_if(commands.begin(), commands.end(), [&](const CommandRow& row) { return row.verb == verb; });
}

bool is_command_group(std::string_view word) {
  return !word.empty() && std::any_of(commands.begin(), commands.end(), [&](const CommandRow& row) {
    return row.name.size() > word.size() && row.name.starts_with(word) && row.name[word.size()] == ' ';
  });
}

const Option* find_option(std::string_view name) {
  if (name == "server-address") name = "server";
  auto found = std::find_if(options.begin(), options.end(), [&](const Option& option) { return option.name == name; });
  return found == options.end() ? nullptr : &*found;
}

const Option* find_option(char letter) {
  auto found = std::find_if(options.begin(), options.end(),
                            [&](const Option& option) { return option.letter != 0 && option.letter == letter; });
  return found == options.end() ? nullptr : &*found;
}

std::string environment_name(const Option& option) {
  std::string name = "KVS_";
  for (unsigned char c : option.name) name += c == '-' ? '_' : static_cast<char>(std::toupper(c));
  return name;
}

std::string complaint(const Option& option, std::string_view text) {
  switch (option.kind) {
    case Kind::toggle:
      return parse_boolean(text) ? "" : quoted(text) + " is none of true, false, 1, 0";
    case Kind::text:
      return {};
    case Kind::choice:
      return choice_complaint(option, text);
    case Kind::number:
      if (parse_number(text, option.most)) return {};
      return quoted(text) + " is no number from 0 to " + std::to_string(option.most);
    case Kind::duration:
      return parse_duration(text) ? "" : quoted(text) + " is no duration (500ms, 30s, 1h30m)";
    case Kind::size:
      return parse_size(text) ? "" : quoted(text) + " is no size (4096, 64KiB, 1MiB)";
    case Kind::position:
      return parse_position(text) ? "" : quoted(text) + " is no revision (42 or 42@LOGID)";
  }
  return {};
}

}  // namespace kvs
