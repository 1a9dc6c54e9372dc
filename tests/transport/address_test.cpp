#include "mesh/transport/address.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>

namespace ttmesh::mesh {
namespace {

TEST(Address, EveryFormReadsAsItPrints) {
  for (const char* text :
       {"unix:/tmp/x/0.socket", "tcp:localhost:4000", "tcp:10.0.0.1:0", "tcp:[::1]:65535"}) {
    EXPECT_EQ(to_string(parse_address(text)), text);
  }
  EXPECT_EQ(parse_address("tcp:[::1]:4000").name, "::1");
}

TEST(Address, RefusesOtherTexts) {
  for (const char* text :
       {"", "unix:", "tcp:", "tcp:host", "tcp:host:", "tcp:host:65536", "tcp:host:-1",
        "tcp:host:80x", "tcp::80", "tcp:::1:80", "udp:host:80", "/tmp/x"}) {
    EXPECT_THAT([&] { (void)parse_address(text); },
                testing::ThrowsMessage<std::invalid_argument>(
                    testing::HasSubstr("needs unix:PATH, tcp:HOST:PORT")))
        << text;
  }
}

TEST(Address, RefusesPathsTooLongForASocket) {
  EXPECT_NO_THROW((void)parse_address("unix:/" + std::string(106, 'x')));
  EXPECT_THROW((void)parse_address("unix:/" + std::string(107, 'x')), std::invalid_argument);
}

TEST(Address, IsReachableAsAnnouncedUnlessThatIsEverywhere) {
  for (const char* text : {"unix:/tmp/x", "tcp:10.0.0.1:4000"}) {
    EXPECT_EQ(to_string(reachable(parse_address(text), -1)), text);
  }
}

TEST(SocketDirectory, IsItsOwnersAlone) {
  const SocketDirectory folder;
  EXPECT_EQ(std::filesystem::status(folder.path()).permissions(),
            std::filesystem::perms::owner_all);
}

TEST(SocketDirectory, GoesWithAllThatIsInIt) {
  std::filesystem::path path;
  {
    const SocketDirectory folder;
    path = folder.path();
    std::ofstream(path / "left.socket") << "x";
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(SocketDirectory, IsBelowTmpWhereTmpdirIsTooLongForASocket) {
  const SocketDirectory scratch;
  const std::filesystem::path deep = scratch.path() / std::string(80, 'x');
  std::filesystem::create_directory(deep);
  std::optional<std::string> before;
  if (const char* set = std::getenv("TMPDIR")) before = set;
  setenv("TMPDIR", deep.c_str(), 1);
  const SocketDirectory folder;
  if (before) {
    setenv("TMPDIR", before->c_str(), 1);
  } else {
    unsetenv("TMPDIR");
  }
  EXPECT_EQ(folder.path().parent_path(), "/tmp");
  EXPECT_EQ(folder.address(1'000'000).name, folder.path() / "1000000.socket");
}

}  // namespace
}  // namespace ttmesh::mesh
