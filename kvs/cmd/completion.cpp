// kvs completion: the part that shells run. What they ask is kvs __complete, whose answer is lines: first what the
// shell is to add by itself (nothing, files or directories, and with "glued" what the word begins with), then one
// candidate each, with a tab and a description if there is one.
#include <sys/time.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <csignal>
#include <cstdlib>
#include <string>

#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/complete.hpp"
#include "kvs/cmd/context.hpp"
#include "kvs/cmd/output.hpp"
#include "kvs/cmd/remote.hpp"
#include "kvs/cmd/text.hpp"

namespace kvs {
namespace {

// Bash cuts words at ':' and '=', too; they are put together again, and what bash keeps by itself is taken off what it
// is given.
constexpr std::string_view bash_script = R"(# Completion of kvs in bash.
_kvs() {
    local rest=${COMP_LINE:0:COMP_POINT} word i cur quote='' kind line text lines
    local words=() plain=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $i -eq 0 || $rest == [[:blank:]]* ]]; then
            rest=${rest#"${rest%%[![:blank:]]*}"}
            words+=('')
        fi
        ((i == COMP_CWORD)) && word=$rest
        words[-1]+=$word
        rest=${rest#"$word"}
    done
    cur=${words[-1]}
    if [[ $cur == [\'\"]* ]]; then
        quote=${cur:0:1}
    fi
    for word in "${words[@]:1}"; do
        if [[ $word == [\'\"]* ]]; then
            word=${word:1}
            word=${word%[\'\"]}
        else
            word=${word//\\/}
        fi
        plain+=("$word")
    done
    mapfile -t lines < <("${words[0]}" __complete -- "${plain[@]}" 2>/dev/null)
    kind=${lines[0]%% *}
    local glue=''
    [[ ${lines[0]} == *' '* ]] && glue=${lines[0]#* }
    word=${plain[-1]}
    COMPREPLY=()
    for line in "${lines[@]:1}"; do
        text=${line%%$'\t'*}
        [[ -n $quote ]] || printf -v text %q "$text"
        COMPREPLY+=("$text")
    done
    case $kind in
    files | directories)
        local what=-f
        [[ $kind == directories ]] && what=-d
        compopt -o filenames 2>/dev/null
        mapfile -t lines < <(compgen "$what" -- "${word#"$glue"}")
        for line in "${lines[@]}"; do
            COMPREPLY+=("$glue$line")
        done
        ;;
    esac
    if [[ -z $quote ]]; then
        local kept=''
        [[ $COMP_WORDBREAKS == *:* && $cur == *:* ]] && kept=${cur%"${cur##*:}"}
        [[ $COMP_WORDBREAKS == *=* && ${cur#"$kept"} == *=* ]] && kept=${cur%"${cur##*=}"}
        for i in "${!COMPREPLY[@]}"; do
            COMPREPLY[i]=${COMPREPLY[i]#"$kept"}
        done
    fi
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == */ ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -F _kvs kvs
)";

constexpr std::string_view zsh_script = R"(#compdef kvs
# Completion of kvs in zsh.
_kvs() {
    local -a lines described plain
    local line text about kind glue=''
    lines=("${(@f)$("${words[1]}" __complete -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
    kind=${lines[1]%% *}
    [[ ${lines[1]} == *' '* ]] && glue=${lines[1]#* }
    for line in "${(@)lines[2,-1]}"; do
        text=${line%%$'\t'*}
        if [[ $line == *$'\t'* ]]; then
            about=${line#*$'\t'}
            described+=("${text//:/\\:}:$about")
        else
            plain+=("$text")
        fi
    done
    if (( ${#described} )); then
        _describe -V kvs described
    fi
    if (( ${#plain} )); then
        local -a open=(${(M)plain:#*/}) closed=(${plain:#*/})
        (( ${#open} )) && compadd -S '' -a open
        (( ${#closed} )) && compadd -a closed
    fi
    case $kind in
    files)
        [[ -n $glue ]] && compset -P "$glue"
        _files
        ;;
    directories)
        [[ -n $glue ]] && compset -P "$glue"
        _files -/
        ;;
    esac
}
if [[ ${funcstack[1]} == _kvs ]]; then
    _kvs "$@"
else
    compdef _kvs kvs
fi
)";

constexpr std::string_view fish_script = R"(# Completion of kvs in fish.
function __kvs_complete
    set -l tokens (commandline -opc)
    set -l word (commandline -ct)
    set -l plain (string unescape -- $word)
    test (count $plain) -eq 1; and set word $plain
    set -l lines ($tokens[1] __complete -- $tokens[2..-1] "$word" 2>/dev/null)
    set -l first (string split -m 1 ' ' -- $lines[1])
    set -l glue "$first[2]"
    set -l begin (string sub -s (math (string length -- "$glue") + 1) -- "$word")
    if test (count $lines) -gt 1
        printf '%s\n' $lines[2..-1]
    end
    switch "$first[1]"
        case files
            for path in (__fish_complete_path "$begin")
                printf '%s%s\n' "$glue" $path
            end
        case directories
            for path in (__fish_complete_directories "$begin")
                printf '%s%s\n' "$glue" $path
            end
    end
end
complete -c kvs -f -a '(__kvs_complete)'
)";

constexpr std::size_t most_keys = 200;

bool fit_to_type(std::string_view key) {
  return !key.empty() && escaped(key, Escape::text) == key && key.find_first_of("\n\t") == std::string_view::npos;
}

void add_names(const boost::json::object& answer, const char* list, const char* member, Completion& completion) {
  const boost::json::value* names = answer.if_contains(list);
  if (!names || !names->is_array()) return;
  for (const boost::json::value& entry : names->as_array()) {
    const boost::json::value* name = member && entry.is_object() ? entry.as_object().if_contains(member) : &entry;
    if (!name || !name->is_string()) continue;
    std::string text(name->as_string());
    if (fit_to_type(text)) completion.candidates.push_back({completion.glue + text, {}});
  }
}

// Keys up to the next '/', so that many keys are few candidates.
void add_keys(Completion& completion) {
  completion.line.command = &command_row(Verb::get);
  Settings settings(completion.line, [](const char* name) -> const char* { return std::getenv(name); });
  Remote remote(settings.with("timeout", "250ms"));
  std::string target = "/v1/kv";
  add_parameter(target, "limit", std::to_string(most_keys));
  add_parameter(target, "keys_only", "1");
  add_parameter(target, "separator", "/");
  if (!completion.begin.empty()) add_parameter(target, "prefix", completion.begin);
  ClientAnswer answer = remote.ask({.method = "GET", .target = target, .fields = {}, .body = {}});
  if (answer.status != 200) return;
  boost::system::error_code error;
  boost::json::value parsed = boost::json::parse(answer.body, error);
  if (error || !parsed.is_object()) return;
  add_names(parsed.as_object(), "items", "key", completion);
  add_names(parsed.as_object(), "prefixes", nullptr, completion);
}

void add_contexts(const Settings& settings, Completion& completion) {
  for (const std::string& name : Contexts(settings.user_directory()).names())
    if (name.starts_with(completion.begin)) completion.candidates.push_back({completion.glue + name, {}});
}

// Whatever a name server or a connection does, nobody waits longer at a prompt.
void give_up_soon() {
  std::signal(SIGALRM, [](int) { _exit(exit_code::ok); });
  itimerval time{};
  time.it_value.tv_usec = 280'000;
  setitimer(ITIMER_REAL, &time, nullptr);
}

std::string_view first_line(const Completion& completion) {
  if (completion.more == Completion::More::files) return "files";
  return completion.more == Completion::More::directories ? "directories" : "nothing";
}

}  // namespace

int complete_words(const Settings& settings) {
  give_up_soon();
  Output output(settings);
  Completion completion = complete(settings.arguments());
  try {
    if (completion.more == Completion::More::keys) add_keys(completion);
    if (completion.more == Completion::More::contexts) add_contexts(settings, completion);
  } catch (const std::exception&) {  // no server, no keys: nobody asked for a message
    completion.candidates.clear();
  }
  output.write(std::string(first_line(completion)) + (completion.glue.empty() ? "" : " " + completion.glue) + "\n");
  for (const Candidate& candidate : completion.candidates) {
    output.write(candidate.text);
    if (!candidate.description.empty()) output.write("\t" + std::string(candidate.description));
    output.write("\n");
  }
  output.flush();
  return exit_code::ok;
}

int completion(const Settings& settings) {
  if (settings.arguments().size() != 1) throw UsageError("for which shell?", "kvs completion bash, zsh or fish");
  const std::string& shell = settings.arguments().front();
  std::string_view script = shell == "bash" ? bash_script : shell == "zsh" ? zsh_script : fish_script;
  if (shell != "bash" && shell != "zsh" && shell != "fish")
    throw UsageError("there is no completion for '" + shell + "'", "kvs completion bash, zsh or fish");
  Output output(settings);
  output.write(script);
  output.flush();
  return exit_code::ok;
}

}  // namespace kvs
