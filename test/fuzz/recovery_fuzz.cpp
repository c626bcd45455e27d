// Any bytes as the files of a data directory: a start loads them, cuts a torn end or refuses in words; what it loaded
// it loads again, and goes on from there. What it refuses, a repair mends or refuses in words, too.
//
// input := file*      file := what:u8 size:u16 bytes
// what  : 3 (mask) which number or place; 4 a snapshot, else a segment; 8 its checksums are made right (or hardly
// anything
//         would get past them); 16 the snapshot's name is the place in it
#include <filesystem>
#include <optional>

#include "input.hpp"
#include "kvs/store/answers.hpp"
#include "kvs/store/data_directory.hpp"
#include "kvs/store/journal.hpp"
#include "kvs/store/new_history.hpp"
#include "kvs/store/repair.hpp"
#include "kvs/store/tombstone.hpp"
#include "sealed_files.hpp"
#include "test/unit/store/faulty_files.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

const std::filesystem::path directory = "data";
constexpr std::size_t most_files = 6;

JournalOptions options() {
  JournalOptions made;
  made.segment_bytes = 4096;
  made.history_bytes = 4096;
  made.state = {.tombstones = 3, .answers = 3};
  made.background = false;
  return made;
}

void put_file(Input& in, FaultyFiles& files) {
  unsigned what = in.byte();
  std::size_t size = in.two_bytes();
  std::string bytes(in.take(size));
  std::uint64_t number = 1 + (what & 3U);
  bool snapshot = (what & 4) != 0;
  if ((what & 8) != 0) snapshot ? seal_snapshot(bytes) : seal_segment(bytes);
  if (snapshot && (what & 16) != 0) number = place_in_snapshot(bytes).value_or(number);
  auto path = snapshot ? snapshot_path(directory, Revision{number}) : segment_path(directory, number);
  files.create(path);
  files.overwrite(path, 0, bytes);
}

// What a start made of the files.
struct Start {
  State state;
  std::optional<LogId> log_id;
  std::string bookmark;

  void check_same(const Start& other) const {
    require(state.digest() == other.state.digest() && state.size() == other.state.size());
    require(state.revision() == other.state.revision() && state.place() == other.state.place());
    require(state.tombstones() == other.state.tombstones() && log_id == other.log_id && bookmark == other.bookmark);
  }
};

// Nothing: refused in words.
std::optional<Start> start(FaultyFiles& files) {
  try {
    Journal journal(files, directory, options());
    auto found = journal.recover();
    return Start{std::move(found.state), found.log_id, std::move(found.bookmark)};
  } catch (const DamagedData& damage) {
    require(!std::string_view(damage.what()).empty());
    return {};
  }
}

// Everything that is read out of a state later.
void use(const State& state) {
  std::size_t keys = 0;
  for (auto at = state.begin(); at.get(); at.next(), ++keys) require(state.find(at.get()->key()) == at.get());
  require(keys == state.size());
  Revision last = no_revision;
  for (auto at = state.tombstones_after(no_revision); at.get(); at.next()) {
    Tombstone tombstone = read_tombstone(*at.get());
    require(tombstone.revision >= last);
    last = tombstone.revision;
  }
  Command asked;
  asked.transaction = std::make_unique<Transaction>();
  asked.record = Record::make("key", std::string_view{});
  for (auto at = state.answers(); at.get(); at.next()) {
    (void)remembered(*at.get());
    (void)replay_answer(*at.get(), asked);
  }
}

Changes one_change(Revision place) {
  auto record = Record::make("written after the start", "value");
  record->stamp(place, place, 1, LogTime{std::chrono::milliseconds(77)});
  return {{Op::set, record, {}}};
}

// Writes one change more, and looks at the history.
void go_on(FaultyFiles& files, Revision place) {
  Journal journal(files, directory, options());
  auto found = journal.recover();
  journal.begin(found.log_id.value_or(LogId{7}));
  journal.append(one_change(place), "bookmark");
  try {
    Changes history = journal.read(journal.oldest(), SIZE_MAX);
    for (const Change& change : history) require(change.op != Op::answer);
    require(!history.empty() && history.back().revision() == place);
  } catch (const DamagedData& damage) {  // of what no start needs to look at
    require(!std::string_view(damage.what()).empty());
  }
}

void check_loaded(FaultyFiles& files, const Start& first) {
  use(first.state);
  auto second = start(files);
  require(second.has_value());
  second->check_same(first);
  Revision place = after(std::max(first.state.place(), first.state.revision()));
  go_on(files, place);
  auto third = start(files);
  require(third && third->state.place() == place && third->bookmark == "bookmark");
  require(third->state.find("written after the start") != nullptr);
}

std::optional<RepairPlan> plan(FaultyFiles& files) {
  try {
    return plan_repair(files, directory);
  } catch (const DamagedData& damage) {
    require(!std::string_view(damage.what()).empty());
    return {};
  }
}

void check_repair(FaultyFiles& files) {
  auto repair = plan(files);
  if (!repair) return;
  require(!repair->empty() && !repair->damage.empty());
  bool room = number(repair->state.place()) < max_revision_number - usual_raise;
  if (repair->begins_anew() && !room) return;
  carry_out(files, directory, *repair);
  auto mended = start(files);
  require(mended && mended->state.size() == repair->state.size() && mended->state.place() >= repair->last);
  use(mended->state);
}

}  // namespace

// The name is libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  FaultyFiles files;
  for (std::size_t n = 0; !in.empty() && n < most_files; ++n) put_file(in, files);
  if (auto loaded = start(files)) {
    check_loaded(files, *loaded);
  } else {
    check_repair(files);
  }
  return 0;
}
