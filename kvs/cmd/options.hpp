// The one table of commands and options. Parser, --help, environment and config file all come from it; nothing else
// lists flags.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvs {

enum class Verb : std::uint8_t {
  serve,
  get,
  set,
  remove,
  watch,
  wait,
  exec,
  touch,
  list,
  txn,
  history,
  export_keys,
  import_keys,
  repair,
  status,
  health,
  doctor,
  topic_create,
  topic_check,
  topic_describe,
  topic_trim,
  promote,
  snapshot_save,
  snapshot_inspect,
  snapshot_restore,
  context_add,
  context_list,
  context_show,
  context_select,
  context_remove,
  config_show,
  token_create,
  completion,
  version,
  help,
  complete_words,
  write_manual
};

// A set of verbs.
using Verbs = std::uint64_t;
constexpr Verbs only(Verb verb) { return Verbs{1} << static_cast<unsigned>(verb); }
inline constexpr Verbs every_verb = (only(Verb::write_manual) << 1) - 1;

struct CommandRow {
  Verb verb;
  std::string_view name;      // of two words for what is done to one kind of thing: "topic create"
  std::string_view aliases;   // separated by spaces
  std::string_view synopsis;  // what follows the name
  std::string_view summary;   // one line
  std::string_view details;   // paragraphs for --help COMMAND, wrapped by hand at 80 columns; may be empty
  std::string_view examples;  // one a line
  bool hidden = false;        // for programs of ours: not in help, completions and man pages
};

// What a value must look like.
enum class Kind : std::uint8_t {
  toggle,    // a bare name, or a boolean
  text,      // anything
  choice,    // one of the words in Option::value, separated by "|"; a word in capitals (INTERVAL) stands for a duration
  choices,   // one or more of such words, separated by commas
  number,    // 0 to Option::most
  duration,  // 0 or more
  size,      // bytes, or with a unit
  position,  // REVISION or REVISION@LOGID
};

// Where a value may come from, besides the command line.
enum class Reach : std::uint8_t {
  flag,         // nowhere else
  environment,  // KVS_NAME
  everywhere,   // KVS_NAME and the config file
};

struct Option {
  std::string_view name;  // without dashes; the config file's key
  char letter;            // 0 = none
  Kind kind;
  std::string_view value;     // its name in --help; for a choice the words
  std::string_view fallback;  // the default as it would be typed; empty = none
  Verbs verbs;
  Reach reach;
  std::string_view help;
  bool repeatable = false;  // in the environment: separated by commas
  std::uint64_t most = UINT64_MAX;
  bool in_context = false;  // says how to reach a server: contexts keep it
};

std::span<const CommandRow> all_commands();
std::span<const Option> all_options();

// By name or alias; null if there is none.
const CommandRow* find_command(std::string_view name);
const CommandRow& command_row(Verb verb);
// Whether what stands after "--" is a program with its arguments.
bool runs_program(const CommandRow& command);
// Whether there are commands of two words that begin with this one.
bool is_command_group(std::string_view word);
// By name (or `server-address`, the original's name of `server`); null if there is none.
const Option* find_option(std::string_view name);
const Option* find_option(char letter);

inline bool goes_with(const Option& option, Verb verb) { return (option.verbs & only(verb)) != 0; }
inline bool global(const Option& option) { return option.verbs == every_verb; }

// The words of a choice: "a|b|c" taken apart.
std::vector<std::string_view> choices(std::string_view words);

// "KVS_DATA_DIR" for "data-dir".
std::string environment_name(const Option& option);

// Empty if `text` is a value the option takes; else what is wrong with it, to be put behind the place it came from.
std::string complaint(const Option& option, std::string_view text);

}  // namespace kvs
