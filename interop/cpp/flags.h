// The standard flags of gRPC's interop programs: `--name=value` or `--name value`.
#pragma once

#include <map>
#include <stdexcept>
#include <string>

namespace interop {

// A program that is called wrongly ends with 2, as ours do.
struct Usage : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Flags {
 public:
  Flags(int count, char** arguments, std::map<std::string, std::string> defaults) : values_(std::move(defaults)) {
    for (int at = 0; at < count; ++at) {
      std::string name = arguments[at], value;
      const auto equals = name.find('=');
      if (equals != std::string::npos) {
        value = name.substr(equals + 1);
        name.resize(equals);
      } else if (at + 1 < count) {
        value = arguments[++at];
      }
      if (name.rfind("--", 0) != 0 || !values_.count(name.substr(2))) throw Usage("no flag " + name);
      values_[name.substr(2)] = value;
    }
    if (values_.count("use_tls") && values_["use_tls"] == "true") throw Usage("--use_tls=true: there is no TLS here");
  }

  const std::string& text(const std::string& name) const { return values_.at(name); }
  int number(const std::string& name) const { return std::stoi(values_.at(name)); }

 private:
  std::map<std::string, std::string> values_;
};

}  // namespace interop
