// Any sequence of commands, judged and applied to a State and to a plain model of it: the same verdicts, changes, keys
// in every range, tombstones and answers; and no State that was handed out ever changes. In the end the same comes out
// of a snapshot of it and out of a journal of all changes.
//
// input := step*      step := what:u8 …      what: a command, time that goes by, a look at a range, a State kept
#include <array>
#include <memory>

#include "input.hpp"
#include "kvs/bus/bus.hpp"
#include "kvs/crc32c.hpp"
#include "kvs/store/answers.hpp"
#include "kvs/store/journal_format.hpp"
#include "kvs/store/judge.hpp"
#include "kvs/store/list_scan.hpp"
#include "kvs/store/snapshot_format.hpp"
#include "kvs/store/tombstone.hpp"
#include "state_model.hpp"
#include "text_file.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

using Said = StateModel::Said;

constexpr StateLimits limits{.tombstones = 20, .answers = 5};
constexpr std::size_t most_steps = 200;  // of one input: it grows with what they left behind

// Few keys, so that commands meet: beginnings of each other, with the bytes that break signed comparisons; and many.
std::string key(Input& in) {
  static constexpr std::string_view parts[] = {"a",    "b",    "/",        std::string_view("\0", 1),
                                               "\xff", "\x7f", "service/", "aaaaaaaa"};
  unsigned how = in.byte();
  if (how >= 192) return "many/" + std::to_string(in.byte());
  std::string text(parts[how % 8]);
  if (how >= 64) text += parts[how / 8 % 8];
  return text;
}

std::chrono::milliseconds ttl(Input& in) { return std::chrono::milliseconds(in.below(3) == 0 ? in.below(8) + 1 : 0); }

Condition condition(Input& in, Revision last) {
  Condition made{static_cast<Condition::Kind>(in.below(5)), {}, {}};
  if (made.kind == Condition::Kind::revision_in || made.kind == Condition::Kind::revision_not_in) {
    for (unsigned n = in.below(3); n > 0; --n)
      made.revisions.push_back(Revision{number(last) - std::min<std::uint64_t>(in.below(8), number(last))});
  }
  if (made.kind == Condition::Kind::value_is) made.value = in.take(in.below(3));
  return made;
}

NewRecord record(Input& in, std::string_view name) {
  auto value = in.take(in.below(8) == 0 ? in.byte() : in.below(3));
  return Record::make(name, value, in.below(4) == 0 ? "text/plain" : "");
}

std::unique_ptr<Transaction> transaction(Input& in, Revision last) {
  auto made = std::make_unique<Transaction>();
  for (unsigned n = in.below(3); n > 0; --n) {
    std::string name = key(in);
    made->checks.push_back({name, condition(in, last)});
  }
  for (auto* steps : {&made->then, &made->otherwise}) {
    std::vector<std::string> written;  // a key is written once
    for (unsigned n = in.below(5); n > 0; --n) {
      Transaction::Step step;
      step.kind = static_cast<Transaction::Step::Kind>(1 + in.below(3));
      std::string name = key(in);
      bool again = std::ranges::find(written, name) != written.end();
      if (again) step.kind = Transaction::Step::Kind::get;
      if (step.kind != Transaction::Step::Kind::get) written.push_back(name);
      bool sets = step.kind == Transaction::Step::Kind::set;
      step.record = sets ? record(in, name) : Record::make(name, std::string_view{});
      if (sets) step.ttl = ttl(in);
      steps->push_back(std::move(step));
    }
  }
  return made;
}

Command command(Input& in, Revision last) {
  Command made;
  made.kind = static_cast<Command::Kind>(1 + in.below(8));
  if (made.kind == Command::Kind::transaction) {
    made.transaction = transaction(in, last);
  } else if (made.kind == Command::Kind::remove_range) {
    made.record = Record::make(in.below(16) == 0 ? "" : key(in), std::string_view{});
  } else if (made.kind != Command::Kind::barrier && made.kind != Command::Kind::digest) {
    std::string name = key(in);
    bool sets = made.kind == Command::Kind::set;
    made.record = sets ? record(in, name) : Record::make(name, std::string_view{});
    if (sets || made.kind == Command::Kind::touch) made.ttl = ttl(in);
    for (unsigned n = in.below(6); n > 4; --n) made.conditions.push_back(condition(in, last));
  }
  return made;
}

Revision revision_of(const RecordRef& record) { return record ? record->revision() : no_revision; }

// A verdict in the model's words.
Said said(const Verdict& verdict) {
  Said words{verdict.outcome,
             verdict.created,
             verdict.revision,
             revision_of(verdict.current),
             verdict.deleted,
             verdict.expires,
             {},
             {}};
  if (!verdict.transaction) return words;
  words.succeeded = verdict.transaction->succeeded;
  for (const auto& result : verdict.transaction->results)
    words.results.push_back({result.kind, result.done, revision_of(result.found)});
  return words;
}

bool same(const Record& record, const std::string& key, const StateModel::Row& row) {
  return record.key() == key && record.value() == row.value && record.content_type() == row.content_type &&
         record.revision() == row.revision && record.created_revision() == row.created &&
         record.version() == row.version && record.modified() == row.modified && record.expires() == row.expires;
}

void check_keys(const State& state, const StateModel::Rows& rows) {
  require(state.size() == rows.size());
  auto forwards = state.begin();
  auto backwards = state.end();
  auto last = rows.rbegin();
  for (const auto& [key, row] : rows) {
    require(forwards.get() && same(*forwards.get(), key, row));
    require(state.find(key) == forwards.get());
    forwards.next();
    backwards.previous();
    require(backwards.get() && same(*backwards.get(), last->first, last->second));
    ++last;
  }
  require(!forwards.get());
}

void check_bookkeeping(const State& state, const StateModel& model) {
  auto tombstone = state.tombstones_after(no_revision);
  for (const auto& [place, op] : model.buried()) {
    require(tombstone.get() != nullptr);
    Tombstone read = read_tombstone(*tombstone.get());
    require(read.op == op && read.key == place.second && read.revision == place.first);
    tombstone.next();
  }
  require(!tombstone.get() && state.oldest_tombstone() == model.forgotten());
  std::size_t answers = 0;
  for (auto at = state.answers(); at.get(); at.next(), ++answers) require(remembered(*at.get()).has_value());
  require(answers == model.answers());
}

// Looks at any range, as a listing does, and at the same in the map.
void check_range(Input& in, const State& state, const StateModel::Rows& rows) {
  ListRange range;
  unsigned how = in.byte();
  std::string prefix, from, to;
  bool bounded = (how & 4) != 0;
  if ((how & 1) != 0) range.within(prefix = key(in));
  if ((how & 2) != 0) range.at_or_after(from = key(in));
  if (bounded) range.before(to = key(in));
  if ((how & 16) != 0) range.separator = "/";
  range.reverse = (how & 8) != 0;
  std::vector<std::string> wanted;
  for (const auto& [name, row] : rows) {
    if (!name.starts_with(prefix) || name < from || (bounded && name >= to)) continue;
    std::size_t fold = range.separator.empty() ? std::string::npos : name.find(range.separator, prefix.size());
    std::string shown = fold == std::string::npos ? name : name.substr(0, fold + range.separator.size()) + '*';
    if (wanted.empty() || wanted.back() != shown) wanted.push_back(shown);
  }
  if (range.reverse) std::ranges::reverse(wanted);
  ListScan scan(state, range);
  for (const std::string& name : wanted) {
    auto entry = scan.next();
    require(entry && std::string(entry.name()) + (entry.record ? "" : "*") == name);
  }
  require(!scan.next());
}

// The State and its model, both given the same commands.
class Pair {
 public:
  void step(Input& in) {
    switch (in.below(8)) {
      case 0:
        time_ += std::chrono::milliseconds(in.below(6));
        break;
      case 1:
        check_range(in, editor_.state(), model_.rows());
        break;
      case 2:
        keep(in.below(2) == 0);
        break;
      case 3:
        give_with_key(in);
        break;
      default:
        give(command(in, place_));
    }
  }

  void finish() {
    keep(true);
    for (const auto& [state, rows, digest] : kept_) {
      check_keys(state, rows);
      require(state.digest() == digest);
    }
    const State& newest = kept_.back().state;
    check_bookkeeping(newest, model_);
    check_snapshot(newest);
    check_journal(newest);
  }

 private:
  struct Kept {
    State state;
    StateModel::Rows rows;
    std::uint64_t digest;
  };

  void give(Command&& command) {
    place_ = Revision{number(place_) + 1 + number(place_) % 3};  // with gaps
    std::vector<StateModel::Event> events;
    Said expected = model_.judge(command, place_, time_, events);
    std::size_t before = changes_.size();
    Verdict verdict = judge({place_, time_, std::move(command), {}}, editor_, newest_, changes_);
    require(said(verdict) == expected);
    std::size_t seen = 0;
    for (std::size_t i = before; i < changes_.size(); ++i) {
      const Change& change = changes_[i];
      if (change.op == Op::answer) continue;
      require(seen < events.size() && change.revision() == place_);
      require((events[seen] == StateModel::Event{change.op, std::string(change.record->key()), change.revision(),
                                                 revision_of(change.previous)}));
      ++seen;
    }
    require(seen == events.size());
    if (seen != 0) newest_ = place_;
    require(newest_ == model_.newest());
  }

  // The same key with the same request again, or with another one.
  void give_with_key(Input& in) {
    unsigned index = in.below(asked_.size());
    auto& [bytes, last] = asked_[index];
    if (bytes.empty() || in.below(4) == 0) bytes = in.take(4 + in.below(60)), last = place_;
    Input request(bytes);
    Command made = command(request, last);
    if (made.kind == Command::Kind::barrier || made.kind == Command::Kind::digest) return;  // nobody asks for these
    made.request_key = "request-" + std::to_string(index);
    made.payload = crc32c(bytes);
    give(std::move(made));
  }

  void keep(bool look) {
    State state = editor_.commit(newest_, time_, place_);
    if (look) check_keys(state, model_.rows());
    kept_.push_back({state, model_.rows(), state.digest()});
    if (kept_.size() > 4) kept_.erase(kept_.begin());
  }

  static void check_snapshot(const State& state) {
    SnapshotEncoder encoder(state, LogId{7}, "bookmark");
    TextFile file;
    for (auto piece = encoder.next(); !piece.empty(); piece = encoder.next()) file.text += piece;
    LoadedSnapshot loaded = load_snapshot(file, "snapshot", {}, limits);
    require(loaded.bookmark == "bookmark" && loaded.state.digest() == state.digest());
    require(loaded.state.size() == state.size() && loaded.state.tombstones() == state.tombstones());
    require(loaded.state.oldest_tombstone() == state.oldest_tombstone() && loaded.state.place() == state.place());
  }

  void check_journal(const State& state) const {
    if (changes_.empty()) return;
    std::string bytes;
    BatchPlace place{LogId{7}, 1, 64};
    encode_batch(place, {1, 0, place_}, "bookmark", changes_, bytes);
    auto batch = parse_batch(bytes, place);
    require(batch && batch->bytes == bytes.size());
    Changes read;
    require(decode_changes(*batch, no_revision, Answers::include, read) && read.size() == changes_.size());
    StateEditor editor(State{}, limits);
    for (const Change& change : read) apply(change, editor);
    State again = editor.commit(newest_, time_, place_);
    require(again.digest() == state.digest() && again.footprint() == state.footprint());
    require(again.tombstones() == state.tombstones());
  }

  // A request that had a request key; with the same bytes it is the same one.
  struct Asked {
    std::string bytes;
    Revision last;
  };

  StateEditor editor_{State{}, limits};
  StateModel model_{limits};
  Changes changes_;
  std::vector<Kept> kept_;
  std::array<Asked, 8> asked_{};
  Revision place_ = no_revision, newest_ = no_revision;
  LogTime time_{std::chrono::milliseconds(1000)};
};

}  // namespace

// The name is libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  Pair pair;
  for (std::size_t steps = 0; !in.empty() && steps < most_steps; ++steps) pair.step(in);
  pair.finish();
  return 0;
}
