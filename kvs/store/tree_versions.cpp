#include "kvs/store/tree_versions.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace kvs::tree {

namespace {

// More than one edit takes out of a tree, which is not as deep.
constexpr std::size_t most_of_an_edit = 64;

template <class T>
void make_room(std::vector<T>& in, std::size_t count) {
  if (in.capacity() - in.size() < count) in.reserve(std::max(2 * in.capacity(), in.size() + count));
}

std::atomic<std::uint64_t> kept{0};

// Each gives the bytes.

std::uint64_t free(const Dead::DeadNode& dead) noexcept {
  dispose(dead.object);
  return sizeof(Leaf);
}

std::uint64_t free(const Dead::DeadRecord& dead) noexcept {
  const std::uint64_t bytes = dead.object->footprint();
  intrusive_ptr_release(dead.object);
  return bytes;
}

template <class T>
std::uint64_t free_all(const std::vector<T>& dead) noexcept {
  std::uint64_t bytes = 0;
  for (const T& one : dead) bytes += free(one);
  return bytes;
}

// Takes out of `dead` what was born after `limit`.
template <class T, class Birth>
void take_younger(std::vector<T>& dead, Birth limit, std::vector<T>& younger) noexcept {
  auto first = std::partition(dead.begin(), dead.end(), [limit](const T& one) { return one.born <= limit; });
  try {
    younger.insert(younger.end(), first, dead.end());
  } catch (const std::bad_alloc&) {  // then at once, though others wait meanwhile
    for (auto one = first; one != dead.end(); ++one) kept -= free(*one);
  }
  dead.erase(first, dead.end());
}

// The nodes that carry this stamp, which are only below such, each after its children; and the records in them.
template <class OnNode, class OnRecord>
void for_each_made(const Node* root, std::uint64_t stamp, OnNode on_node, OnRecord on_record) {
  if (!root || root->stamp != stamp) return;
  for (unsigned i = 0; i < root->count; ++i) {
    if (root->is_leaf) {
      on_record(as_leaf(root)->records[i]);
    } else {
      for_each_made(as_inner(root)->children[i], stamp, on_node, on_record);
    }
  }
  on_node(root);
}

}  // namespace

std::uint64_t next_stamp() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

// The recursion goes as deep as the tree, that is State::Cursor's max_depth at most.
void FreeTree::operator()(const Node* root) const noexcept {
  if (!root) return;
  for (unsigned i = 0; i < root->count; ++i) {
    if (root->is_leaf) {
      intrusive_ptr_release(as_leaf(root)->records[i]);
    } else {
      (*this)(as_inner(root)->children[i]);
    }
  }
  dispose(root);
}

// Versions of which each was made from the one before, as far as they are held. The newest stays until the others have
// gone, also when nobody holds it any more: it alone leads to what is not dead. The lineage ends when that has happened
// and nobody edits.
class Lineage {
 public:
  Lineage() = default;
  // Aside; the parent may be null.
  explicit Lineage(VersionRef parent) : aside_(true), parent_(std::move(parent)) {}
  Lineage(const Lineage&) = delete;
  Lineage& operator=(const Lineage&) = delete;

  bool is_aside() const { return aside_; }

  void begin_editing(const Version* base) {
    std::lock_guard lock(mutex_);
    if (edited_ || newest_ != base) throw std::logic_error("a state that another one was made from is edited aside");
    edited_ = true;
  }

  void end_editing() noexcept {
    std::unique_lock lock(mutex_);
    edited_ = false;
    end_if_done(std::move(lock));
  }

  VersionRef add(std::unique_ptr<Version> made) noexcept {
    std::lock_guard lock(mutex_);
    made->older_ = newest_;
    if (newest_) newest_->newer_ = made.get();
    newest_ = made.get();
    return VersionRef(made.release());
  }

  void release(const Version* version) noexcept {
    std::uint32_t holders = version->holders_.load(std::memory_order_relaxed);
    while (holders > 1) {
      if (version->holders_.compare_exchange_weak(holders, holders - 1, std::memory_order_acq_rel)) return;
    }
    std::unique_lock lock(mutex_);
    // Down to zero under the lock only: who finds the newest version unheld there may end the lineage.
    if (version->holders_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    Freed freed;
    if (version != newest_) {
      freed = take_out(*version);
      delete version;
    }
    end_if_done(std::move(lock));
    std::uint64_t bytes = free_all(freed.others.nodes) + free_all(freed.others.records);
    for (const Dead& dead : freed.commits) bytes += free_all(dead.nodes) + free_all(dead.records);
    kept -= bytes;
  }

  // Of a lineage aside, all that its versions have beyond the base: nothing of it is freed before the end.
  std::vector<const Node*> nodes;
  std::vector<const Record*> records;
  std::uint64_t own_bytes = 0;

 private:
  struct Freed {
    DeadList commits;
    Dead others;
  };

  // Of one that is not the newest: what only this version shows, to be freed when the lock is not held any more.
  Freed take_out(const Version& version) noexcept {
    const Version& newer = *version.newer_;
    newer.older_ = version.older_;
    Freed freed;
    if (const Version* older = version.older_) {
      older->newer_ = version.newer_;
      for (Dead& dead : newer.dead_) {
        take_younger(dead.nodes, older->stamp_, freed.others.nodes);
        take_younger(dead.records, older->newest_, freed.others.records);
      }
      newer.dead_.remove_if([](const Dead& dead) { return dead.nodes.empty() && dead.records.empty(); });
    } else {
      freed.commits.swap(newer.dead_);
    }
    newer.dead_.splice(newer.dead_.end(), version.dead_);
    return freed;
  }

  void end_if_done(std::unique_lock<std::mutex> lock) noexcept {
    bool unheld = !newest_ || (!newest_->older_ && newest_->holders_.load(std::memory_order_acquire) == 0);
    if (edited_ || !unheld) return;
    lock.unlock();
    kept -= own_bytes;
    for (const Node* node : nodes) dispose(node);
    for (const Record* record : records) intrusive_ptr_release(record);
    if (newest_ && !is_aside()) {
      for (const Node* root : newest_->roots_) FreeTree{}(root);
    }
    delete newest_;
    delete this;
  }

  std::mutex mutex_;
  Version* newest_ = nullptr;
  bool edited_ = false;
  const bool aside_ = false;
  const VersionRef parent_;
};

void intrusive_ptr_add_ref(const Version* version) noexcept {
  version->holders_.fetch_add(1, std::memory_order_relaxed);
}

void intrusive_ptr_release(const Version* version) noexcept { version->lineage_.release(version); }

VersionRef first_version(Tree tree, Revision newest) {
  if (!tree) return {};
  auto lineage = std::make_unique<Lineage>();
  auto version = std::make_unique<Version>(*lineage, next_stamp(), newest, Roots{tree.get()});
  tree.release();
  return lineage.release()->add(std::move(version));
}

Draft::Draft(VersionRef base, Kind kind) : base_(std::move(base)) {
  if (base_ && kind == Kind::next) {
    lineage_ = &base_->lineage_;
    lineage_->begin_editing(base_.get());
  } else {
    lineage_ = kind == Kind::next ? new Lineage : new Lineage(base_);
    lineage_->begin_editing(nullptr);
  }
}

std::uint64_t Draft::own() const { return lineage_->own_bytes; }

std::uint64_t kept_bytes() { return kept; }

Draft::~Draft() { lineage_->end_editing(); }

void Draft::prepare() {
  if (lineage_->is_aside()) return make_room(lineage_->records, 1);
  make_room(dead_.nodes, most_of_an_edit);
  make_room(dead_.records, 1);
  make_room(born_, 1);
}

const Node* Draft::add(Fresh node) noexcept { return node.release(); }

void Draft::retire(const Node* node) noexcept {
  if (node->stamp == stamp_) {
    dispose(node);
  } else if (!lineage_->is_aside()) {
    dead_.nodes.push_back({node, node->stamp});
    replaced_ += sizeof(Leaf);
  }
}

void Draft::add(RecordRef record) noexcept {
  newest_ = std::max(newest_, record->revision());
  const Record* added = record.detach();
  if (!lineage_->is_aside()) {
    born_.push_back(added);
  } else if (!is_new(*added)) {
    lineage_->records.push_back(added);  // nothing else will tell it from what the base has
  }
}

void Draft::retire(const Record* record) noexcept {
  if (!lineage_->is_aside()) {
    dead_.records.push_back({record, record->revision()});
    replaced_ += record->footprint();
  } else if (is_new(*record)) {
    intrusive_ptr_release(record);
  }
}

// Whether it can't be in the base. (If not, it may be or not.)
bool Draft::is_new(const Record& record) const { return !base_ || record.revision() > base_->newest_; }

VersionRef Draft::commit(const Roots& roots) {
  const Revision newest = base_ ? std::max(newest_, base_->newest_) : newest_;
  auto made = std::make_unique<Version>(*lineage_, stamp_, newest, roots);
  if (lineage_->is_aside()) {
    std::vector<const Node*> nodes = lineage_->nodes;
    std::vector<const Record*> records = lineage_->records;
    std::uint64_t bytes = 0;
    for (const Node* root : roots) {
      for_each_made(
          root, stamp_,
          [&](const Node* node) {
            nodes.push_back(node);
            bytes += sizeof(Leaf);
          },
          [&](const Record* record) {
            if (!is_new(*record)) return;
            records.push_back(record);
            bytes += record->footprint();
          });
    }
    lineage_->nodes.swap(nodes);
    lineage_->records.swap(records);
    lineage_->own_bytes += bytes;
    kept += bytes;
  } else {
    // What came and went since the base: no version shows it.
    auto passing = std::partition(dead_.records.begin(), dead_.records.end(),
                                  [this](const auto& one) { return base_ && one.born <= base_->newest_; });
    // Of just the size: many such lists may wait for long.
    DeadList dead(1);
    dead.front().nodes = dead_.nodes;
    dead.front().records.assign(dead_.records.begin(), passing);
    std::uint64_t bytes = replaced_;
    for (auto one = passing; one != dead_.records.end(); ++one) bytes -= free(*one);
    kept += bytes;  // until the base is let go, which is soon if nobody else holds it
    if (base_) made->dead_ = std::move(dead);
    dead_.nodes.clear();
    dead_.records.clear();
    born_.clear();
  }
  newest_ = newest;
  replaced_ = 0;
  stamp_ = next_stamp();
  base_ = lineage_->add(std::move(made));
  return base_;
}

void Draft::rollback(const Roots& roots) noexcept {
  for (const Node* root : roots) {
    for_each_made(root, stamp_, dispose, [this](const Record* record) {
      if (lineage_->is_aside() && is_new(*record)) intrusive_ptr_release(record);  // the others are in born_
    });
  }
  for (const Record* record : born_) intrusive_ptr_release(record);
  born_.clear();
  dead_.nodes.clear();
  dead_.records.clear();
  replaced_ = 0;
  newest_ = no_revision;
}

}  // namespace kvs::tree
