// The commands, in the order of --help.
#include <array>

#include "kvs/cmd/options.hpp"

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
               "Prints how many keys were deleted. A key that is not there counts 0 and is no error. With --prefix\n"
               "or --all they go at one revision; on a terminal you are asked first if there are any, else it needs\n"
               "--yes whether there are any or not. Exit code 4 if the key is not at the revision of --if-revision.",
               "kvs delete City\n"
               "kvs delete lock --if-revision 42\n"
               "kvs delete --prefix app/tmp/ --dry-run"},
    CommandRow{Verb::watch, "watch", "", "[KEY...] [flags] [-- CMD...]", "Follow changes",
               "Keys and --prefix together choose what is watched; neither: everything. A line per change on a\n"
               "terminal, one JSON event a line on a pipe. Reconnects by itself and goes on where it was.\n"
               "With CMD: runs it for each change instead, one after the other, without a shell. It gets KVS_OP,\n"
               "KVS_KEY, KVS_VALUE and KVS_REVISION, and the event as JSON on its standard input. A value that holds\n"
               "a NUL or is over 32 KiB is left out, and KVS_VALUE_OMITTED=1 says so; KVS_KEY_OMITTED=1 of a key with\n"
               "a NUL. Exit code 127 if there is no such program, 126 if it cannot be run.\n"
               "A resume file is for one watch, with the keys it began with.",
               "kvs watch\n"
               "kvs watch --prefix app/ --initial\n"
               "kvs watch --prefix app/ --ops delete,expire --prev\n"
               "kvs watch City --count 1 --timeout 30s\n"
               "kvs watch --prefix app/ --resume-file app.revision --coalesce -- ./reload.sh"},
    CommandRow{Verb::list, "list", "ls", "[PREFIX] [flags]", "List keys",
               "One a line, what is no visible text as C escapes; -0 prints their bytes with a NUL after each.\n"
               "-l shows revision, version, size and time, too. --separator / shows what is up to the next / once.",
               "kvs list app/\n"
               "kvs list --separator / -l\n"
               "kvs list log/ --reverse --limit 10\n"
               "kvs list -0 tmp/ | xargs -0 kvs delete"},
    CommandRow{Verb::touch, "touch", "", "KEY --ttl DURATION|none", "Change how long a key lives",
               "Its value stays; watchers see the change. Prints the revision.", "kvs touch session/1 --ttl 30m"},
    CommandRow{Verb::txn, "txn", "", "[FILE] [flags]", "Change several keys at once, if conditions hold",
               "Reads a JSON object from FILE or standard input: conditions under if, operations under then and else.\n"
               "All of it happens at one revision. Exit code 4 if the conditions did not hold.",
               "kvs txn transfer.json\n"
               "echo '{\"then\":[{\"op\":\"set\",\"key\":\"a\",\"value\":\"1\"}]}' | kvs txn"},
    CommandRow{Verb::history, "history", "", "KEY [flags]", "Show what happened to a key, newest first", "",
               "kvs history City --limit 10"},
    CommandRow{Verb::export_keys, "export", "", "[FILE] [flags]", "Write keys to a file, one JSON record a line",
               "In the order of the keys, all at one revision; content type and time to live are in them.",
               "kvs export keys.ndjson\n"
               "kvs export --prefix app/ | gzip > app.ndjson.gz"},
    CommandRow{Verb::import_keys, "import", "", "[FILE] [flags]", "Set the keys in a file that kvs export wrote",
               "Keys that are not in it stay. What would have expired meanwhile is left out. Exit code 8 if it breaks\n"
               "off after some keys; to import them again does no harm.",
               "kvs import keys.ndjson"},
    CommandRow{
        Verb::repair, "repair", "", "--data-dir DIR [flags]", "Make a damaged data directory usable again",
        "Says what is damaged and what would be lost, and asks. What a journal holds from its damage on is left\n"
        "out, a damaged snapshot is not used any more; the files as they were stay in the directory, in\n"
        "damaged-N. What a server says when it refuses to start is where to begin. No server may be running\n"
        "on it.",
        "kvs repair --data-dir /var/lib/kvs --dry-run\n"
        "kvs repair --data-dir /var/lib/kvs --yes"},
    CommandRow{
        Verb::wait, "wait", "", "KEY [flags]", "Wait until a key is there, has a value, or is gone",
        "Prints the revision at which it was so. Exit code 124 if --timeout ends first; how it was then is said.",
        "kvs wait ready --timeout 1m\n"
        "kvs wait state --value done\n"
        "kvs wait lock --gone"},
    CommandRow{Verb::exec, "exec", "", "--prefix PREFIX [flags] -- CMD...",
               "Run a program with keys as its environment",
               "Each key becomes a variable: what no name of a variable may hold becomes an underscore. With\n"
               "--restart-on-change or --signal kvs stays, and tells the program of changes; it ends when the program\n"
               "does, with its exit code. Else the program takes the place of kvs. Exit code 127 if there is no such\n"
               "program, 126 if it cannot be run.",
               "kvs exec --prefix app/ --strip-prefix --upcase -- env\n"
               "kvs exec --prefix app/ --strip-prefix --restart-on-change -- ./server --port 80"},
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
               "The directory must be named, and be empty or not there. The history gets a new log id, and its\n"
               "revisions begin far above the snapshot's (--raise-revision): so no number that was given after the\n"
               "snapshot is given again. A condition on such a number fails, and who watches from one is told the\n"
               "whole state (or refused, with on_gap=fail). A topic has its own numbers: not so after kvs promote.",
               "kvs snapshot restore kvs.snapshot --data-dir /var/lib/kvs"},
    CommandRow{Verb::context_add, "context add", "", "NAME --server URL [flags]", "Give a server a name",
               "Kept for this user only. A command takes its server from --server, else --context, else KVS_SERVER,\n"
               "else KVS_CONTEXT, else the selected context, else the config file.",
               "kvs context add staging --server http://10.0.0.7:23333\n"
               "kvs --context staging get City"},
    CommandRow{Verb::context_list, "context ls", "", "", "List the named servers", "The selected one has a star.",
               "kvs context ls"},
    CommandRow{Verb::context_show, "context show", "", "[CONTEXT]", "Show a named server, or the selected one", "",
               "kvs context show staging"},
    CommandRow{Verb::context_select, "context select", "", "CONTEXT|-", "Use a named server from now on",
               "A dash selects the one that was selected before.", "kvs context select staging\nkvs context select -"},
    CommandRow{Verb::context_remove, "context rm", "", "CONTEXT", "Forget a named server", "",
               "kvs context rm staging"},
    CommandRow{
        Verb::token_create, "token create", "", "NAME ROLE[:PREFIX]...", "Make a token for somebody",
        "Prints the token, which is shown this once, and on stderr the line for the server's --auth-file, which\n"
        "does not tell it. Roles: read, write (each for all keys, or :PREFIX for those that begin with it,\n"
        "percent-encoded), metrics, admin (everything). The server reads the file again at SIGHUP.",
        "kvs token create anna read write:app/ > anna.token 2> anna.line && cat anna.line >> /etc/kvs/auth\n"
        "kvs token create prometheus metrics"},
    CommandRow{
        Verb::config_show, "config show", "", "[flags]", "Show every setting and where it comes from",
        "With the same flags, environment and config file as kvs serve; secrets are hidden. On a pipe it is a\n"
        "config file itself, in which what is not set, hidden or found out by the server (its name, threads, data\n"
        "directory) is a comment.",
        "kvs config show --config /etc/kvs/kvs.conf"},
    CommandRow{Verb::completion, "completion", "", "bash|zsh|fish", "Print what completes commands in a shell",
               "Commands, flags, their values and the server's keys. The packages of most systems install it; else\n"
               "put the first of these lines into ~/.bashrc, or the second into ~/.zshrc after compinit.",
               "source <(kvs completion bash)\n"
               "source <(kvs completion zsh)\n"
               "kvs completion fish > ~/.config/fish/completions/kvs.fish"},
    CommandRow{Verb::version, "version", "", "", "Show the version", "", "kvs version\nkvs version -o json"},
    CommandRow{Verb::help, "help", "", "[COMMAND]", "Explain a command", "", "kvs help watch"},
    CommandRow{Verb::complete_words, "__complete", "", "-- [WORD...]", "Say what may stand in place of the last word",
               "", "kvs __complete -- get Ci", true},
    CommandRow{Verb::write_manual, "__manual", "", "DIR", "Write the man pages into a directory", "",
               "kvs __manual build/man", true},
};

}  // namespace

std::span<const CommandRow> all_commands() { return commands; }

}  // namespace kvs
