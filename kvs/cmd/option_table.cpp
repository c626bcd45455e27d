// The options, in the order of --help.
#include <array>

#include "kvs/cmd/options.hpp"
#include "kvs/revision.hpp"

namespace kvs {
namespace {

constexpr Verbs doctoring = only(Verb::doctor);
constexpr Verbs showing = only(Verb::config_show);
constexpr Verbs serving = only(Verb::serve) | doctoring | showing;  // what a server would do, and with what
constexpr Verbs getting = only(Verb::get);
constexpr Verbs setting = only(Verb::set);
constexpr Verbs watching = only(Verb::watch);
constexpr Verbs listing = only(Verb::list);
constexpr Verbs removing = only(Verb::remove);
constexpr Verbs exporting = only(Verb::export_keys);
constexpr Verbs importing = only(Verb::import_keys);
constexpr Verbs touching = only(Verb::touch);
constexpr Verbs repairing = only(Verb::repair);
constexpr Verbs reading = getting | listing | exporting;
constexpr Verbs executing = only(Verb::exec);
constexpr Verbs waiting = only(Verb::wait);
constexpr Verbs checking = only(Verb::health);
constexpr Verbs trimming = only(Verb::topic_trim);
constexpr Verbs promoting = only(Verb::promote);
constexpr Verbs topics = only(Verb::topic_create) | only(Verb::topic_check) | only(Verb::topic_describe) | trimming;
constexpr Verbs restoring = only(Verb::snapshot_restore);
constexpr Verbs with_kafka = serving | topics | promoting;
constexpr Verbs with_progress =
    promoting | exporting | importing | only(Verb::snapshot_save) | only(Verb::snapshot_inspect) | restoring;

constexpr std::array options{
    // Every command.
    Option{"server", 0, Kind::text, "URL", "http://127.0.0.1:23333", every_verb, Reach::everywhere,
           "The server: http://HOST:PORT, https://HOST:PORT, HOST:PORT or unix:PATH (also --server-address)", false,
           UINT64_MAX, true},
    Option{"token-file", 0, Kind::text, "FILE", "", every_verb, Reach::everywhere,
           "A file with the token to show the server", false, UINT64_MAX, true},
    Option{"cacert", 0, Kind::text, "FILE", "", every_verb, Reach::everywhere,
           "Certificates (PEM) that vouch for the server, instead of the system's", false, UINT64_MAX, true},
    Option{"cert", 0, Kind::text, "FILE", "", every_verb, Reach::everywhere, "Certificate (PEM) to show the server",
           false, UINT64_MAX, true},
    Option{"key-file", 0, Kind::text, "FILE", "", every_verb, Reach::everywhere, "Key (PEM) of that certificate", false,
           UINT64_MAX, true},
    Option{"context", 0, Kind::text, "CONTEXT", "", every_verb, Reach::environment,
           "The server of that name (kvs context add), instead of the selected one"},
    Option{
        "timeout", 0, Kind::duration, "DURATION", "5s", every_verb, Reach::everywhere,
        "How long one request may take; for watch and wait the whole command, given as a flag only (default there: no "
        "end)"},
    Option{"output", 'o', Kind::choice, "json|ndjson|table|raw", "", every_verb, Reach::everywhere,
           "Form of the output, instead of the one chosen by terminal or pipe"},
    Option{"json", 0, Kind::toggle, "", "", every_verb, Reach::everywhere,
           "The server's own JSON; several records as NDJSON"},
    Option{"color", 0, Kind::choice, "auto|always|never", "auto", every_verb, Reach::everywhere,
           "Colours; auto: on a terminal, unless NO_COLOR is set"},
    Option{"quiet", 'q', Kind::toggle, "", "", every_verb, Reach::everywhere,
           "Print data and errors only: no counts or notices"},
    Option{"debug", 0, Kind::toggle, "", "", every_verb, Reach::everywhere,
           "Show each request and answer on stderr (values left out)"},
    Option{"config", 0, Kind::text, "FILE", "", every_verb, Reach::environment,
           "Take settings from FILE: lines `name = value`"},
    Option{"help", 'h', Kind::toggle, "", "", every_verb, Reach::flag, "Show this and exit"},
    Option{"version", 0, Kind::toggle, "", "", every_verb, Reach::flag, "Show the version and exit"},

    // get, set, delete, watch.
    Option{"key", 'k', Kind::text, "KEY", "",
           getting | setting | removing | watching | waiting | touching | only(Verb::history), Reach::flag,
           "The key; the same as an argument"},
    Option{"all", 'a', Kind::toggle, "", "", getting | removing, Reach::flag, "Every key"},
    Option{"revision", 0, Kind::position, "REVISION", "", reading, Reach::flag, "As it was at this revision"},
    Option{"min-revision", 0, Kind::position, "REVISION", "", reading | only(Verb::history), Reach::flag,
           "Wait until the server has this revision, up to --timeout (at most 60s)"},
    Option{"linearizable", 0, Kind::toggle, "", "", reading | only(Verb::history), Reach::flag,
           "See everything that was acknowledged anywhere before, also by other instances"},
    Option{"prefix", 0, Kind::text, "PREFIX", "", getting | removing | watching | executing | exporting, Reach::flag,
           "Every key that begins with PREFIX", true},
    Option{"value", 'v', Kind::text, "VALUE", "", setting | waiting, Reach::flag, "The value, taken as it is"},
    Option{"gone", 0, Kind::toggle, "", "", waiting, Reach::flag, "Wait until there is no such key"},
    Option{"if-absent", 0, Kind::toggle, "", "", setting, Reach::flag, "Only if there is no such key"},
    Option{"if-revision", 0, Kind::number, "N", "", setting | removing | touching, Reach::flag,
           "Only if the key was last changed at revision N (set: 0 is no such key)", false, max_revision_number},
    Option{"ttl", 0, Kind::choice, "none|DURATION", "", setting | touching, Reach::flag,
           "How long the key lives; none: for ever"},
    Option{"idempotency-key", 0, Kind::text, "NAME", "", setting | removing | touching | only(Verb::txn), Reach::flag,
           "Name of this write: given again with the same, it is not done twice and has the first answer"},
    Option{"content-type", 0, Kind::text, "TYPE", "", setting, Reach::flag, "Content type stored with the value"},
    Option{"long", 'l', Kind::toggle, "", "", listing, Reach::flag, "Revision, version, size and time of each, too"},
    Option{"raise-revision", 0, Kind::number, "N", "1000000000", restoring, Reach::flag,
           "How far above the snapshot's revision the new history begins", false, max_revision_number},
    Option{"null", '0', Kind::toggle, "", "", listing, Reach::flag, "The keys' bytes as they are, a NUL after each"},
    Option{"separator", 0, Kind::text, "TEXT", "", listing, Reach::flag,
           "What follows this in a key, after PREFIX, is shown once for all"},
    Option{"start", 0, Kind::text, "KEY", "", listing, Reach::flag, "From this key on"},
    Option{"after", 0, Kind::text, "KEY", "", listing, Reach::flag, "What comes after this key"},
    Option{"end", 0, Kind::text, "KEY", "", listing, Reach::flag, "What comes before this key"},
    Option{"reverse", 0, Kind::toggle, "", "", listing, Reach::flag, "From the last one down"},
    Option{"limit", 0, Kind::number, "N", "", listing | only(Verb::history), Reach::flag,
           "At most so many (history: 10000)", false, max_revision_number},
    Option{"since", 0, Kind::position, "REVISION", "", watching, Reach::flag,
           "Changes after this revision (0: from the beginning)"},
    Option{"initial", 0, Kind::toggle, "", "", watching, Reach::flag, "What is there now first, then changes"},
    Option{"keys-only", 0, Kind::toggle, "", "", watching, Reach::flag, "Sizes instead of values"},
    Option{"prev", 0, Kind::toggle, "", "", watching, Reach::flag, "Also what was there before each change"},
    Option{"ops", 0, Kind::choices, "set|delete|expire", "", watching, Reach::flag,
           "Only these kinds of change (set,delete)"},
    Option{"deliver", 0, Kind::choice, "all|latest", "all", watching, Reach::flag,
           "latest: while behind, only the newest change of each key"},
    Option{"count", 0, Kind::number, "N", "", watching, Reach::flag,
           "End after N changes (all of the last one's revision are shown)", false, max_revision_number},
    Option{"resume-file", 0, Kind::text, "FILE", "", watching, Reach::flag,
           "Go on after the revision in FILE, and keep it up to date; without the file begin as told otherwise"},
    Option{"on-gap", 0, Kind::choice, "diff|reset|fail", "diff", watching, Reach::flag,
           "If the history no longer reaches back: the net difference, the whole state, or exit code 6; of another "
           "history diff "
           "and reset tell the whole state"},
    Option{"coalesce", 0, Kind::toggle, "", "", watching, Reach::flag,
           "Only the newest change of each key that comes while CMD is busy"},
    Option{"debounce", 0, Kind::duration, "DURATION", "0s", watching, Reach::flag,
           "Run CMD when nothing has changed for so long, or at the latest after ten times that; then once for each "
           "change, or with --coalesce for each key"},
    Option{"fail-fast", 0, Kind::toggle, "", "", watching, Reach::flag, "End when CMD fails"},
    Option{"strip-prefix", 0, Kind::toggle, "", "", executing, Reach::flag, "Leave the prefix out of the names"},
    Option{"upcase", 0, Kind::toggle, "", "", executing, Reach::flag, "Names in capitals"},
    Option{"restart-on-change", 0, Kind::toggle, "", "", executing, Reach::flag,
           "End CMD (SIGTERM) and start it again whenever a key changes"},
    Option{"signal", 0, Kind::choice, "HUP|INT|TERM|QUIT|USR1|USR2", "", executing, Reach::flag,
           "Send CMD this signal whenever a key changes"},
    Option{"kill-timeout", 0, Kind::duration, "DURATION", "30s", watching | executing, Reach::flag,
           "How long CMD may take to end before SIGKILL"},
    Option{"ready", 0, Kind::toggle, "", "", checking, Reach::flag,
           "Whether it takes requests, not only whether it lives"},

    // topic, doctor, promote, snapshot.
    Option{"to", 0, Kind::choice, "kafka", "", promoting, Reach::flag, "Where the keys go"},
    Option{"forget", 0, Kind::text, "NAME", "", trimming, Reach::flag,
           "Leave out this instance: it will never come back", true},
    Option{"dry-run", 0, Kind::toggle, "", "", trimming | removing | repairing, Reach::flag,
           "Only say what would be done"},
    Option{"yes", 'y', Kind::toggle, "", "", trimming | removing | repairing, Reach::flag, "Do not ask"},
    Option{"write", 0, Kind::toggle, "", "", doctoring, Reach::flag,
           "Also write a record to the topic, one that every instance ignores: shows rights and clocks"},
    Option{"no-progress", 0, Kind::toggle, "", "", with_progress, Reach::flag, "No progress bar"},

    // serve.
    Option{"listen", 0, Kind::text, "ADDR:PORT", "127.0.0.1:23333", serving, Reach::everywhere,
           "Where to listen; also unix:PATH; port 0 = any", true},
    Option{"data-dir", 0, Kind::text, "DIR", "", serving | promoting | restoring | repairing, Reach::everywhere,
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
    Option{"history-age", 0, Kind::duration, "DURATION", "0s", serving, Reach::everywhere,
           "Changes older than this leave both, whatever room there is, and are not served any more; 0s: never"},
    Option{"max-value-size", 0, Kind::size, "SIZE", "1MiB", with_kafka, Reach::everywhere, "Largest value taken"},
    Option{"max-memory", 0, Kind::size, "SIZE", "0", serving, Reach::everywhere,
           "Keys, values and bookkeeping above which only deletes and writes that make nothing larger are taken; 0: "
           "no limit"},
    Option{"idempotency-window", 0, Kind::number, "N", "100000", serving, Reach::everywhere,
           "Writes with an Idempotency-Key whose answers are remembered; the same on all instances", false, 10'000'000},
    Option{"tombstones", 0, Kind::number, "N", "1000000", serving, Reach::everywhere,
           "Deletes remembered for watchers that come back from beyond the history", false, 100'000'000},
    Option{"max-connections", 0, Kind::number, "N", "10000", serving, Reach::everywhere, "Connections at a time", false,
           1'000'000},
    Option{"max-connections-per-address", 0, Kind::number, "N", "512", serving, Reach::everywhere,
           "Of those from one address (IPv6: from one /64), other than this machine's own; 0: no limit", false,
           1'000'000},
    Option{"max-in-flight", 0, Kind::number, "N", "1024", serving, Reach::everywhere,
           "Requests that wait for the order or for a state at a time", false, 1'000'000},
    Option{"allow-anonymous", 0, Kind::toggle, "", "", serving, Reach::everywhere,
           "Listen beyond loopback without TLS and tokens: whoever reaches it may read and write"},
    Option{"allow-plaintext", 0, Kind::toggle, "", "", serving, Reach::everywhere,
           "Listen beyond loopback without TLS: whoever is on the way may read along, tokens too"},
    Option{"auth-file", 0, Kind::text, "FILE", "", serving, Reach::everywhere,
           "Who may do what: lines made by `kvs token create`; mode 0600; read again at SIGHUP"},
    Option{"tls-cert", 0, Kind::text, "FILE", "", serving, Reach::everywhere,
           "Certificate with its chain (PEM): TCP listeners speak TLS; read again at SIGHUP"},
    Option{"tls-key", 0, Kind::text, "FILE", "", serving, Reach::everywhere, "Key of that certificate (PEM)"},
    Option{"tls-client-ca", 0, Kind::text, "FILE", "", serving, Reach::everywhere,
           "Clients must show a certificate signed by one of these; its first name is looked up in the auth file"},
    Option{"allowed-host", 0, Kind::text, "NAME", "", serving, Reach::everywhere,
           "A Host that loopback listeners answer to, besides localhost", true},
    Option{"cors-origin", 0, Kind::text, "ORIGIN", "", serving, Reach::everywhere,
           "A web origin that may use the server (https://HOST[:PORT])", true},
    Option{"ui", 0, Kind::choice, "on|off", "on", serving, Reach::everywhere, "Whether browsers get a page at /ui/"},
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
           "An instance to get a snapshot from if the topic does not reach back far enough; it wants an admin's token "
           "(--token-file) if it has --auth-file"},
    Option{"log-level", 0, Kind::choice, "debug|info|warning|error", "info", serving, Reach::everywhere,
           "What is logged"},
    Option{"log-format", 0, Kind::choice, "auto|logfmt|json", "auto", serving, Reach::everywhere,
           "Form of the log; auto: for people on a terminal, else logfmt"},
    Option{"access-log", 0, Kind::toggle, "", "", serving, Reach::everywhere,
           "Log every request; else only those that failed by the server's fault or took more than a second"},
    Option{"log-keys", 0, Kind::toggle, "", "", serving, Reach::everywhere, "Show keys in the log, too; values never"},
    Option{"shutdown-delay", 0, Kind::duration, "DURATION", "0s", serving, Reach::everywhere,
           "How long to say `not ready` before closing the listeners"},
    Option{"shutdown-timeout", 0, Kind::duration, "DURATION", "10s", serving, Reach::everywhere,
           "How long a polite end may take"},
    Option{"check-config", 0, Kind::toggle, "", "", only(Verb::serve), Reach::flag,
           "Check flags, environment and file, open nothing, exit 0 or 2"},
    Option{"print-kafka-config", 0, Kind::toggle, "", "", only(Verb::serve), Reach::flag,
           "Show the settings the Kafka clients would get (secrets hidden) and exit"},
};

}  // namespace

std::span<const Option> all_options() { return options; }

}  // namespace kvs
