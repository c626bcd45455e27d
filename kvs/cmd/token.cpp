#include <iostream>

#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/exit_code.hpp"
#include "kvs/cmd/failure.hpp"
#include "kvs/net/auth_file.hpp"

namespace kvs {

int token_create(const Settings& settings) {
  const auto& words = settings.arguments();
  if (words.size() < 2) throw UsageError("whose token, and for what? kvs token create NAME ROLE[:PREFIX]...");
  if (auto complaint = name_complaint(words.front()); !complaint.empty()) throw UsageError(complaint);
  std::vector<std::string> grants(words.begin() + 1, words.end());
  Rights rights;
  for (const auto& grant : grants) {
    if (auto problem = parse_grant(grant, rights)) throw UsageError(problem->detail);
  }
  std::string token = make_token();
  std::cout << token << std::endl;
  if (!std::cout) return exit_code::other;
  std::cerr << auth_line(words.front(), token, grants) << std::endl;
  return exit_code::ok;
}

}  // namespace kvs
