// SPDX-License-Identifier: Apache-2.0
#include "base/file_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <thread>

#include "base/error.h"
#include "base/faulty_file_system_testing.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::string MessageOf(const std::function<void()>& fn) {
  try {
    fn();
  } catch (const FileError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

class FileSystemTest : public testing::Test {
 protected:
  FileSystemTest() {
    std::string pattern = testing::TempDir() + "dragoman_files_XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~FileSystemTest() override { RemoveAll(files_, directory_); }
  std::string Path(const std::string& name) const { return JoinPath(directory_, name); }

  FileSystem& files_ = RealFileSystem();
  std::string directory_;
};

TEST_F(FileSystemTest, RoomIsATwentiethOfTheDiskOrAGigabyte) {
  const DiskSpace real = files_.Space(directory_);
  EXPECT_GT(real.total, 0);
  EXPECT_LE(real.available, real.total);
  FaultyFileSystem disk(files_);
  const auto message = [&](int64_t total_mb, int64_t available_mb) {
    disk.PretendSpace({total_mb << 20, available_mb << 20});
    return MessageOf([&] { RequireRoom(disk, "file"); });
  };
  EXPECT_EQ(message(1000, 50), "nothing was thrown");
  EXPECT_EQ(message(1 << 20, 1024), "nothing was thrown");
  EXPECT_THAT(message(1000, 49), HasSubstr("file: its disk is nearly full, 49 MB of 1000 are free; expected room"));
  EXPECT_THAT(message(1 << 20, 1023), HasSubstr("nearly full"));
}

TEST_F(FileSystemTest, WritesReadsAndAppends) {
  WriteFile(files_, Path("a"), "hello");
  files_.OpenAppend(Path("a"))->Append(" world");
  EXPECT_EQ(ReadFile(files_, Path("a")), "hello world");
  std::string part(3, '?');
  files_.Open(Path("a"))->Read(4, part);
  EXPECT_EQ(part, "o w");
  files_.Truncate(Path("a"), 2);
  EXPECT_EQ(ReadFile(files_, Path("a")), "he");
  WriteFile(files_, Path("a"), "");
  EXPECT_EQ(ReadFile(files_, Path("a")), "");
}

TEST_F(FileSystemTest, ReadingPastTheEndSaysWhereTheFileEnds) {
  WriteFile(files_, Path("a"), "12345");
  std::string part(4, '?');
  EXPECT_THAT(MessageOf([&] { files_.Open(Path("a"))->Read(3, part); }),
              AllOf(HasSubstr(Path("a")), HasSubstr("ends at byte 5, expected at least 7")));
}

TEST_F(FileSystemTest, ErrorsNamePathReasonAndRemedy) {
  EXPECT_THAT(MessageOf([&] { files_.Open(Path("none")); }),
              AllOf(HasSubstr(Path("none")), HasSubstr("No such file"), HasSubstr("check the path")));
  EXPECT_THAT(MessageOf([&] { files_.Open(directory_); }), HasSubstr("directory where a file was expected"));
  EXPECT_THAT(MessageOf([&] { files_.CreateDirectory(directory_); }), HasSubstr("File exists"));
  EXPECT_THAT(MessageOf([&] { files_.Rename(Path("x"), Path("y")); }),
              AllOf(HasSubstr(Path("x")), HasSubstr(Path("y"))));
  WriteFile(files_, Path("a"), "x");
  EXPECT_THAT(MessageOf([&] { files_.Create(Path("a/b")); }), HasSubstr("a part of this path is a file"));
  EXPECT_THAT(MessageOf([&] { files_.List(Path("none")); }), HasSubstr("cannot list"));
}

TEST_F(FileSystemTest, PipesAreNotOpenedForReading) {
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  EXPECT_THAT(MessageOf([&] { files_.Open(Path("pipe")); }), HasSubstr("expected a regular file"));  // and returns
}

TEST_F(FileSystemTest, ANewFileTakesTheNameAndLeavesWhatTheNameLedTo) {
  WriteFile(files_, Path("victim"), "precious");
  files_.CreateSymlink("victim", Path("link"));
  files_.CreateSymlink("new", Path("dangling"));
  ASSERT_EQ(link(Path("victim").c_str(), Path("hard link").c_str()), 0);
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  for (const char* name : {"link", "dangling", "hard link", "pipe"}) {
    files_.Create(Path(name))->Append("x");
    EXPECT_EQ(ReadFile(files_, Path(name)), "x") << name;
    EXPECT_EQ(files_.Type(Path(name)), FileType::kFile) << name;
    EXPECT_EQ(ReadFile(files_, Path("victim")), "precious") << name;
  }
  EXPECT_FALSE(files_.Exists(Path("new")));
  EXPECT_THAT(MessageOf([&] { files_.Create(directory_); }), HasSubstr("directory where a file was expected"));
}

TEST_F(FileSystemTest, ALockIsNoWayToWriteIntoAnotherFile) {
  WriteFile(files_, Path("victim"), "precious");
  files_.CreateSymlink("victim", Path("link"));
  EXPECT_THAT(MessageOf([&] { files_.TryLock(Path("link")); }), HasSubstr("this is a link where a file was expected"));
  files_.CreateSymlink("new", Path("dangling"));
  EXPECT_THAT(MessageOf([&] { files_.TryLock(Path("dangling")); }), HasSubstr("this is a link"));
  ASSERT_EQ(link(Path("victim").c_str(), Path("hard link").c_str()), 0);
  EXPECT_NE(files_.TryLock(Path("hard link")), nullptr);
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  EXPECT_THAT(MessageOf([&] { files_.TryLock(Path("pipe")); }), HasSubstr("expected a regular file"));
  EXPECT_EQ(ReadFile(files_, Path("victim")), "precious");
  EXPECT_FALSE(files_.Exists(Path("new")));
}

TEST_F(FileSystemTest, AFileBeyondTheLimitIsNotRead) {
  WriteFile(files_, Path("a"), "12345");
  EXPECT_EQ(ReadFile(files_, Path("a"), 5), "12345");
  EXPECT_THAT(MessageOf([&] { ReadFile(files_, Path("a"), 4); }), HasSubstr("/a: has 5 bytes, expected at most 4"));
  files_.Truncate(Path("a"), int64_t{3} << 40);  // no disk is that large: it holds nothing
  EXPECT_THAT(MessageOf([&] { ReadFile(files_, Path("a"), 4); }), HasSubstr("expected at most 4"));
}

TEST_F(FileSystemTest, FullDiskSaysHowMuchWasNeededAndIsFree) {
  if (!files_.Exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  EXPECT_THAT(MessageOf([&] { files_.OpenAppend("/dev/full")->Append(std::string(3 << 20, 'x')); }),
              AllOf(HasSubstr("/dev/full"), HasSubstr("No space left"), HasSubstr("3.0 MiB more needed"),
                    HasSubstr("free); remove something")));
}

TEST_F(FileSystemTest, PartialWriteAtTheSizeLimitIsAnError) {
  const auto write_past_limit = [&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {100, 100};
    setrlimit(RLIMIT_FSIZE, &limit);  // the first write is cut to 100 bytes, the second fails
    const std::string message = MessageOf([&] { files_.Create(Path("a"))->Append(std::string(150, 'x')); });
    _exit(message.find("File too large") != std::string::npos && message.find("ulimit -f") != std::string::npos ? 0
                                                                                                                : 1);
  };
  EXPECT_EXIT(write_past_limit(), testing::ExitedWithCode(0), "");
  EXPECT_EQ(ReadFile(files_, Path("a")).size(), 100u);
}

// A pipe takes 64 KiB at a time, and signals without SA_RESTART interrupt the writes in between.
TEST_F(FileSystemTest, InterruptedAndPartialWritesLoseNothing) {
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  struct sigaction act = {}, before;
  act.sa_handler = [](int) {};
  sigaction(SIGUSR1, &act, &before);
  std::string received;
  const pthread_t writer = pthread_self();
  std::thread reader([&] {
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
    std::ifstream pipe(Path("pipe"), std::ios::binary);
    std::string chunk(20000, '\0');
    while (pipe.read(chunk.data(), static_cast<std::streamsize>(chunk.size())), pipe.gcount() > 0) {
      received.append(chunk, 0, static_cast<size_t>(pipe.gcount()));
      pthread_kill(writer, SIGUSR1);
    }
  });
  std::string sent(1 << 20, '\0');
  for (size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * i >> 7);
  files_.OpenAppend(Path("pipe"))->Append(sent);
  reader.join();
  sigaction(SIGUSR1, &before, nullptr);
  EXPECT_TRUE(received == sent);
}

TEST_F(FileSystemTest, DirectoriesAreMadeListedAndRemoved) {
  CreateDirectories(files_, Path("a/b/c"));
  CreateDirectories(files_, Path("a/b/c"));
  WriteFile(files_, Path("a/2"), "");
  WriteFile(files_, Path("outside"), "keep");
  files_.CreateSymlink(Path("outside"), Path("a/b/link"));
  EXPECT_THAT(files_.List(Path("a")), ElementsAre("2", "b"));
  RemoveAll(files_, Path("a"));
  RemoveAll(files_, Path("a"));
  EXPECT_THAT(files_.List(directory_), ElementsAre("outside"));
}

TEST_F(FileSystemTest, TypesOfNames) {
  files_.CreateSymlink("nowhere", Path("link"));
  EXPECT_EQ(files_.Type(Path("link")), FileType::kSymlink);
  EXPECT_FALSE(files_.Exists(Path("link")));
  EXPECT_EQ(files_.ReadSymlink(Path("link")), "nowhere");
  EXPECT_EQ(files_.Type(Path("none")), FileType::kNone);
  EXPECT_EQ(files_.Type(directory_), FileType::kDirectory);
}

TEST_F(FileSystemTest, SymlinkIsReplacedEvenAfterACrashLeftItsTemporaryName) {
  files_.CreateSymlink("old", Path("link"));
  files_.CreateSymlink("torn", Path(".tmp-link"));
  ReplaceSymlink(files_, "new", Path("link"), Path(".tmp-link"));
  EXPECT_EQ(files_.ReadSymlink(Path("link")), "new");
  EXPECT_THAT(files_.List(directory_), ElementsAre("link"));
}

TEST_F(FileSystemTest, LockIsExclusiveNamesItsOwnerAndIsLetGo) {
  std::unique_ptr<FileLock> lock = files_.TryLock(Path("lock"));
  ASSERT_NE(lock, nullptr);
  EXPECT_EQ(files_.TryLock(Path("lock")), nullptr);
  EXPECT_EQ(ReadFile(files_, Path("lock")), std::to_string(getpid()) + "\n");
  lock.reset();
  EXPECT_NE(files_.TryLock(Path("lock")), nullptr);
}

TEST_F(FileSystemTest, JoinsAndSplitsPaths) {
  EXPECT_EQ(JoinPath("a/", "b"), "a/b");
  EXPECT_EQ(JoinPath("", "b"), "b");
  EXPECT_EQ(ParentDirectory("a/b/"), "a");
  EXPECT_EQ(ParentDirectory("a"), ".");
  EXPECT_EQ(ParentDirectory("/a"), "/");
  EXPECT_EQ(ParentDirectory("/"), "/");
  EXPECT_EQ(FileName("a/b//"), "b");
  EXPECT_EQ(FileName("a"), "a");
  EXPECT_EQ(FileName("/"), "");
}

TEST_F(FileSystemTest, ReplacedDirectoryIsTheNewOneOrStaysWhenItCannotBe) {
  const auto make = [&](const char* name, const char* file) {
    CreateDirectories(files_, Path(name));
    WriteFile(files_, JoinPath(Path(name), file), "");
  };
  make("new", "1");
  ReplaceDirectory(files_, Path("new"), Path("d"), Path("aside"));
  EXPECT_THAT(files_.List(Path("d")), ElementsAre("1"));
  make("new", "2");
  make("aside", "left by a crash");
  ReplaceDirectory(files_, Path("new"), Path("d"), Path("aside"));
  EXPECT_THAT(files_.List(Path("d")), ElementsAre("2"));
  EXPECT_THROW(ReplaceDirectory(files_, Path("new"), Path("d"), Path("aside")), FileError);  // there is none
  EXPECT_THAT(files_.List(directory_), ElementsAre("d"));
  EXPECT_THAT(files_.List(Path("d")), ElementsAre("2"));
}

// Old or new bytes, never others and never none, wherever it fails or crashes.
TEST_F(FileSystemTest, AtomicWriteLeavesOldOrNewWhereverItStops) {
  FaultyFileSystem counting(files_);
  WriteFileAtomically(counting, Path("a"), "old");
  const int64_t operations = counting.operations();
  EXPECT_GE(operations, 6);  // create, append, sync, close, rename, sync the directory
  for (int64_t stop_at = 1; stop_at <= operations; ++stop_at) {
    for (const AfterCrash after : {AfterCrash::kAllKept, AfterCrash::kUnsyncedLost, AfterCrash::kUnsyncedTorn}) {
      WriteFile(files_, Path("a"), "old");
      FaultyFileSystem faulty(files_);
      faulty.CrashAt(stop_at, after);
      EXPECT_THROW(WriteFileAtomically(faulty, Path("a"), "a new one"), FileError);
      EXPECT_THAT(ReadFile(files_, Path("a")), testing::AnyOf("old", "a new one")) << "crash at " << stop_at;
      for (const std::string& name : files_.List(directory_)) {
        if (name != "a") RemoveAll(files_, Path(name));
      }
    }
    FaultyFileSystem faulty(files_);
    faulty.FailAt(stop_at);
    EXPECT_THROW(WriteFileAtomically(faulty, Path("a"), "a new one"), FileError);
    EXPECT_THAT(ReadFile(files_, Path("a")), testing::AnyOf("old", "a new one")) << "failure at " << stop_at;
    EXPECT_THAT(files_.List(directory_), ElementsAre("a"));
  }
}

TEST_F(FileSystemTest, AtomicWriteFollowsLinksAndLeavesOtherNamesAlone) {
  files_.CreateDirectory(Path("d"));
  WriteFile(files_, Path("d/file"), "old");
  WriteFile(files_, Path("d/file.tmp"), "of the user");
  files_.CreateSymlink("d/file", Path("link"));
  files_.CreateSymlink(Path("link"), Path("linklink"));
  files_.CreateSymlink("d/absent", Path("dangling"));
  files_.CreateSymlink("circle", Path("circle"));
  WriteFileAtomically(files_, Path("linklink"), "new");
  WriteFileAtomically(files_, Path("dangling"), "made");
  EXPECT_EQ(ReadFile(files_, Path("d/file")), "new");
  EXPECT_EQ(ReadFile(files_, Path("d/absent")), "made");
  EXPECT_EQ(ReadFile(files_, Path("d/file.tmp")), "of the user");
  EXPECT_EQ(files_.ReadSymlink(Path("linklink")), Path("link"));
  EXPECT_EQ(files_.Type(Path("dangling")), FileType::kSymlink);
  EXPECT_THAT(files_.List(Path("d")), ElementsAre("absent", "file", "file.tmp"));
  EXPECT_THAT(MessageOf([&] { WriteFileAtomically(files_, Path("circle"), "x"); }), HasSubstr("circle"));
}

TEST_F(FileSystemTest, AtomicWriteWritesThroughPipesAndDevices) {
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  std::string read;
  std::thread reader([&] { std::getline(std::ifstream(Path("pipe")), read, '\0'); });
  WriteFileAtomically(files_, Path("pipe"), "through");
  reader.join();
  EXPECT_EQ(read, "through");
  EXPECT_EQ(files_.Type(Path("pipe")), FileType::kOther);

  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  WriteFileAtomically(files_, "/proc/self/fd/" + std::to_string(ends[1]), "no name");  // as /dev/stdout is
  char bytes[8];
  EXPECT_EQ(::read(ends[0], bytes, sizeof bytes), 7);
  close(ends[0]);
  close(ends[1]);
  EXPECT_THAT(files_.List(directory_), ElementsAre("pipe"));
}

TEST_F(FileSystemTest, AProbeLeavesNothingAndNamesWhatIsInTheWay) {
  WriteFile(files_, Path("a"), "old");
  ProbeWriteAtomically(files_, Path("a"));
  ProbeWriteAtomically(files_, Path("b"));
  ProbeWriteAtomically(files_, "/dev/null");
  EXPECT_EQ(ReadFile(files_, Path("a")), "old");
  EXPECT_THAT(files_.List(directory_), ElementsAre("a"));
  EXPECT_THAT(MessageOf([&] { ProbeWriteAtomically(files_, "/proc/none"); }), HasSubstr("/proc/"));
}

class FaultyFileSystemTest : public FileSystemTest {
 protected:
  // Does something, then crashes at the next operation.
  void CrashAfter(AfterCrash after, const std::function<void(FileSystem&)>& fn) {
    FaultyFileSystem faulty(files_);
    fn(faulty);
    faulty.CrashAt(faulty.operations() + 1, after);
    EXPECT_THROW(faulty.SyncDirectory(directory_), FileError);
    EXPECT_THROW(faulty.List(directory_), FileError);
  }
};

TEST_F(FaultyFileSystemTest, PowerCutLosesWhatWasNotSynced) {
  WriteFile(files_, Path("replaced"), "old");
  WriteFile(files_, Path("removed"), "back again");
  CrashAfter(AfterCrash::kUnsyncedLost, [&](FileSystem& files) {
    files.CreateDirectory(Path("unsynced"));
    WriteFile(files, Path("unsynced/file"), "x");
    WriteFile(files, Path("new"), "new");
    files.Rename(Path("new"), Path("replaced"));
    files.RemoveFile(Path("removed"));
  });
  EXPECT_THAT(files_.List(directory_), ElementsAre("removed", "replaced"));
  EXPECT_EQ(ReadFile(files_, Path("replaced")), "old");
  EXPECT_EQ(ReadFile(files_, Path("removed")), "back again");
}

TEST_F(FaultyFileSystemTest, PowerCutKeepsWhatWasSyncedEvenAfterARename) {
  const auto work = [&](FileSystem& files) {
    files.CreateDirectory(Path("tmp"));
    const auto file = files.Create(Path("tmp/file"));
    file->Append("1234");
    file->Sync();
    file->Append("5678");
    files.SyncDirectory(Path("tmp"));
    WriteFile(files, Path("tmp/later"), "x");  // its name is not synced
    files.Rename(Path("tmp"), Path("final"));
    files.SyncDirectory(directory_);
  };
  CrashAfter(AfterCrash::kUnsyncedLost, work);
  EXPECT_THAT(files_.List(Path("final")), ElementsAre("file"));
  EXPECT_EQ(ReadFile(files_, Path("final/file")), "1234");
  RemoveAll(files_, Path("final"));
  CrashAfter(AfterCrash::kUnsyncedTorn, work);
  EXPECT_EQ(ReadFile(files_, Path("final/file")), "123456");
  RemoveAll(files_, Path("final"));
  CrashAfter(AfterCrash::kAllKept, work);
  EXPECT_EQ(ReadFile(files_, Path("final/file")), "12345678");
}

TEST_F(FaultyFileSystemTest, FailsOnceAndWritesHalf) {
  FaultyFileSystem faulty(files_);
  faulty.FailAt(2);
  const auto file = faulty.Create(Path("a"));
  EXPECT_THROW(file->Append("12345678"), FileError);
  file->Append("x");
  EXPECT_EQ(ReadFile(files_, Path("a")), "1234x");
  EXPECT_FALSE(faulty.crashed());
}

TEST_F(FileSystemTest, AnAtomicFileWithoutCommitLeavesWhatWasThere) {
  WriteFile(files_, Path("a"), "old");
  {
    AtomicFile file(files_, Path("a"));
    file.Append("half");
  }
  EXPECT_EQ(ReadFile(files_, Path("a")), "old");
  EXPECT_THAT(files_.List(directory_), ElementsAre("a"));
  AtomicFile file(files_, Path("a"));
  file.Append("a new ");
  file.Append("one");
  EXPECT_EQ(ReadFile(files_, Path("a")), "old");
  file.Commit();
  EXPECT_EQ(ReadFile(files_, Path("a")), "a new one");
  EXPECT_THAT(files_.List(directory_), ElementsAre("a"));
}

}  // namespace
}  // namespace dragoman
