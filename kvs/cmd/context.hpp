// Contexts: named servers, with what is needed to talk to them.
//
// A directory of the user's ($XDG_CONFIG_HOME/kvs, else ~/.config/kvs) holds
//   contexts/NAME.json    a JSON object of strings: the options whose Option::in_context is set
//   context               two lines: the selected name (or nothing), and the one selected before
// Files are 0600, directories 0700.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace kvs {

using ContextValues = std::map<std::string, std::string, std::less<>>;  // by Option::name

// All of them throw Failure if a file cannot be read or written, UsageError if a name is none or names nothing.
class Contexts {
 public:
  // An empty `directory` holds none, and takes none.
  explicit Contexts(std::filesystem::path directory) : directory_(std::move(directory)) {}

  std::vector<std::string> names() const;  // sorted
  ContextValues read(const std::string& name) const;
  void add(const std::string& name, const ContextValues& values) const;  // fails if it is there
  void remove(const std::string& name) const;                            // if it is selected, none is then

  std::string selected() const;  // empty: none
  std::string previous() const;
  void select(const std::string& name) const;

 private:
  std::filesystem::path file(const std::string& name) const;
  std::vector<std::string> selection() const;
  void write_selection(const std::string& selected, const std::string& previous) const;

  std::filesystem::path directory_;
};

}  // namespace kvs
