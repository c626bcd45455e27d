#include "faulty_files.hpp"

#include <algorithm>
#include <numeric>
#include <system_error>

namespace kvs::test {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t sector = 512;

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), "cannot " + what);
}

void put(std::string& content, std::uint64_t offset, std::string_view bytes) {
  if (content.size() < offset + bytes.size()) content.resize(offset + bytes.size());
  content.replace(offset, bytes.size(), bytes);
}

}  // namespace

// A file: what the process sees, what is on disk for certain, and what was done since.
struct FaultyFiles::Node {
  struct Write {
    std::uint64_t offset;  // a truncation to `offset` if there are no bytes
    std::string bytes;
  };
  std::string content;
  std::string durable;
  std::vector<Write> unsynced;

  void write(std::uint64_t offset, std::string_view bytes) {
    if (bytes.empty()) return;
    put(content, offset, bytes);
    unsynced.push_back({offset, std::string(bytes)});
  }
  void truncate(std::uint64_t size) {
    content.resize(size);
    unsynced.push_back({size, {}});
  }
  void sync() {
    durable = content;
    unsynced.clear();
  }
  // Any sectors of the unsynced writes reach the disk; the size may be ahead of the data.
  template <class Chance>
  void sync_partly(Chance chance, int percent) {
    for (const Write& write : unsynced) {
      if (write.bytes.empty() && chance(percent)) durable.resize(write.offset);
      for (std::size_t from = 0; from < write.bytes.size();) {
        auto size = std::min(write.bytes.size() - from, sector - (write.offset + from) % sector);
        if (chance(percent)) put(durable, write.offset + from, std::string_view(write.bytes).substr(from, size));
        from += size;
      }
    }
    if (chance(30)) durable.resize(std::max(durable.size(), content.size()));
    unsynced.clear();
  }
};

template <class Action>
std::invoke_result_t<Action> FaultyFiles::call(Action action) {
  return call(action, [] {});
}

template <class Action, class Partly>
std::invoke_result_t<Action> FaultyFiles::call(Action action, Partly partly) {
  std::lock_guard lock(mutex_);
  if (stopped_) throw Stopped{};
  auto due = faults_.find(++calls_);
  if (due == faults_.end()) return action();
  switch (due->second) {
    case Fault::fail:
      partly();
      fail(EIO, "do call " + std::to_string(calls_));
    case Fault::no_space:
      partly();
      fail(ENOSPC, "do call " + std::to_string(calls_));
    case Fault::stop_after:
      action();
      [[fallthrough]];
    case Fault::stop_before:
      stopped_ = true;
  }
  throw Stopped{};
}

class FaultyFiles::OpenFile final : public File {
 public:
  OpenFile(FaultyFiles& files, NodeRef node) : files_(files), node_(std::move(node)) {}

  std::uint64_t size() const override {
    return files_.call([&] { return std::uint64_t{node_->content.size()}; });
  }
  std::size_t read(std::uint64_t offset, std::span<char> into) const override {
    return files_.call([&] {
      if (offset >= node_->content.size()) return std::size_t{0};
      return node_->content.copy(into.data(), into.size(), offset);
    });
  }
  void write(std::uint64_t offset, std::string_view bytes) override {
    auto all = [&] {
      auto grows = std::max(node_->content.size(), offset + bytes.size()) - node_->content.size();
      if (files_.used() + grows > files_.space_) {
        auto left = node_->content.size() + files_.space_ - files_.used();  // the size it can have
        if (left > offset) node_->write(offset, bytes.substr(0, left - offset));
        fail(ENOSPC, "write");
      }
      node_->write(offset, bytes);
    };
    files_.call(all, [&] { node_->write(offset, bytes.substr(0, bytes.size() / 2)); });
  }
  void truncate(std::uint64_t size) override {
    files_.call([&] { node_->truncate(size); });
  }
  void datasync() override {
    auto lost = [&] {
      files_.failed_sync_ = files_.calls_;
      node_->sync_partly([&](int percent) { return files_.chance(percent); }, 50);
    };
    files_.call([&] { node_->sync(); }, lost);
  }

 private:
  FaultyFiles& files_;
  NodeRef node_;
};

class FaultyFiles::HeldLock final : public Lock {
 public:
  HeldLock(FaultyFiles& files, std::string name) : files_(files), name_(std::move(name)), crashes_(files.crashes_) {}
  ~HeldLock() override {
    std::lock_guard lock(files_.mutex_);
    if (files_.crashes_ == crashes_) files_.locks_.erase(name_);
  }

 private:
  FaultyFiles& files_;
  std::string name_;
  std::uint64_t crashes_;
};

FaultyFiles::FaultyFiles(unsigned seed) : random_(seed) {}
FaultyFiles::~FaultyFiles() = default;

std::uint64_t FaultyFiles::calls() const {
  std::lock_guard lock(mutex_);
  return calls_;
}

void FaultyFiles::set_fault(std::uint64_t call, Fault fault) {
  std::lock_guard lock(mutex_);
  faults_[call] = fault;
}

void FaultyFiles::clear_faults() {
  std::lock_guard lock(mutex_);
  faults_.clear();
}

std::uint64_t FaultyFiles::failed_sync() const {
  std::lock_guard lock(mutex_);
  return failed_sync_;
}

void FaultyFiles::crash() {
  std::lock_guard lock(mutex_);
  ++crashes_;
  locks_.clear();
  faults_.clear();
  stopped_ = false;
  const int percents[] = {0, 30, 70, 100};
  int names_percent = percents[random_() % 4];
  int data_percent = percents[random_() % 4];
  sync_names_partly(names_percent);
  names_ = durable_names_;
  for (auto& [name, node] : names_) {
    node->sync_partly([&](int percent) { return chance(percent); }, data_percent);
    node = std::make_shared<Node>(*node);  // files still open are another world's
    node->content = node->durable;
  }
  durable_names_ = names_;
}

void FaultyFiles::set_space(std::uint64_t bytes) {
  std::lock_guard lock(mutex_);
  space_ = bytes;
}

std::uint64_t FaultyFiles::used() const {
  return std::accumulate(names_.begin(), names_.end(), std::uint64_t{0},
                         [](auto sum, const auto& entry) { return sum + entry.second->content.size(); });
}

std::set<std::string> FaultyFiles::names() const {
  std::lock_guard lock(mutex_);
  std::set<std::string> names;
  for (const auto& [name, node] : names_) names.insert(fs::path(name).filename().string());
  return names;
}

std::string FaultyFiles::content(const fs::path& path) const {
  std::lock_guard lock(mutex_);
  return names_.at(path.string())->content;
}

void FaultyFiles::overwrite(const fs::path& path, std::uint64_t offset, std::string_view bytes) {
  std::lock_guard lock(mutex_);
  put(names_.at(path.string())->content, offset, bytes);
  names_.at(path.string())->sync();
}

FaultyFiles::NodeRef FaultyFiles::find(const fs::path& path) {
  auto found = names_.find(path.string());
  if (found == names_.end()) fail(ENOENT, "open " + path.string());
  return found->second;
}

void FaultyFiles::change_names(NameChange change) {
  if (!change.gone.empty()) names_.erase(change.gone);
  if (change.node) names_[change.name] = change.node;
  unsynced_names_.push_back(std::move(change));
}

void FaultyFiles::make_directory(const fs::path&) {
  call([] {});
}

std::vector<std::string> FaultyFiles::list(const fs::path& directory) {
  return call([&] {
    std::vector<std::string> names;
    for (const auto& [name, node] : names_) {
      if (fs::path(name).parent_path() == directory) names.push_back(fs::path(name).filename().string());
    }
    std::ranges::shuffle(names, random_);
    return names;
  });
}

std::unique_ptr<File> FaultyFiles::create(const fs::path& path) {
  return call([&]() -> std::unique_ptr<File> {
    auto found = names_.find(path.string());
    if (found != names_.end()) {
      found->second->truncate(0);
      return std::make_unique<OpenFile>(*this, found->second);
    }
    auto node = std::make_shared<Node>();
    change_names({path.string(), node, {}});
    return std::make_unique<OpenFile>(*this, node);
  });
}

std::unique_ptr<File> FaultyFiles::open(const fs::path& path) {
  return call([&]() -> std::unique_ptr<File> { return std::make_unique<OpenFile>(*this, find(path)); });
}

std::unique_ptr<File> FaultyFiles::open_to_read(const fs::path& path) { return open(path); }

void FaultyFiles::rename(const fs::path& from, const fs::path& to) {
  call([&] { change_names({to.string(), find(from), from.string()}); });
}

void FaultyFiles::remove(const fs::path& path) {
  call([&] {
    find(path);
    change_names({{}, nullptr, path.string()});
  });
}

void FaultyFiles::sync_directory(const fs::path&) {
  auto all = [&] {
    durable_names_ = names_;
    unsynced_names_.clear();
  };
  call(all, [&] { sync_names_partly(50); });
}

void FaultyFiles::sync_names_partly(int percent) {
  for (NameChange& change : unsynced_names_) {
    if (!chance(percent)) continue;
    if (!change.gone.empty()) durable_names_.erase(change.gone);
    if (change.node) durable_names_[change.name] = change.node;
  }
  unsynced_names_.clear();
}

std::unique_ptr<FileSystem::Lock> FaultyFiles::lock(const fs::path& path) {
  return call([&]() -> std::unique_ptr<Lock> {
    if (!locks_.insert(path.string()).second) return nullptr;
    return std::make_unique<HeldLock>(*this, path.string());
  });
}

std::uint64_t FaultyFiles::free_space(const fs::path&) {
  return call([&] { return space_ - std::min(space_, used()); });
}

}  // namespace kvs::test
