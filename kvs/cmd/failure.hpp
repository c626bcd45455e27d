// How a command gives up: one line for stderr, an exit code, and perhaps a hint what to do.
#pragma once
#include <stdexcept>
#include <string>
#include <utility>

#include "kvs/cmd/exit_code.hpp"

namespace kvs {

// what() is the line without "kvs: ".
class Failure : public std::runtime_error {
 public:
  Failure(int exit_code, const std::string& message, std::string hint = {})
      : std::runtime_error(message), exit_code_(exit_code), hint_(std::move(hint)) {}

  int exit_code() const { return exit_code_; }
  const std::string& hint() const { return hint_; }

 private:
  int exit_code_;
  std::string hint_;
};

// The command line, the environment or the config file is wrong.
class UsageError : public Failure {
 public:
  explicit UsageError(const std::string& message, std::string hint = {})
      : Failure(exit_code::usage, message, std::move(hint)) {}
};

}  // namespace kvs
