"""config, and settings that choose for every command."""


def test_config_shows_what_holds_and_where_it_was_set(jughpc):
    jughpc.write("jughpc.yaml", "partition: long\n")
    plain, told = jughpc("config").stdout, jughpc("config", "--show-origin", JUGHPC_ROUNDS="5").stdout
    assert "partition = long\n" in plain
    assert f"partition = long                         # {jughpc.cwd}/jughpc.yaml\n" in told
    assert "rounds = 5                               # environment: JUGHPC_ROUNDS\n" in told
    assert "ttl = 3m                                 # built in\n" in told


def test_config_shows_the_pace_of_the_store_that_is_there_whatever_is_said_now(three):
    three("execute", "three.py", JUGHPC_TTL="400")
    assert (
        "ttl = 6m40s                              # the store three.jugdata, when it was made\n"
        in three("config", "--show-origin", JUGHPC_TTL="500").stdout
    )
    three.write("three.jugdata/store.yaml", "spoilt")
    assert "ttl = 8m20s\n" in three("config", JUGHPC_TTL="500").stdout


def test_config_refuses_what_no_command_would_take(jughpc):
    done = jughpc("config", JUGHPC_CPUS="abc")
    assert (done.returncode, done.stdout) == (2, "")
    assert "JUGHPC_CPUS: 'abc' is no whole number" in done.stderr


def test_a_jugdir_and_a_jugfile_may_be_set_for_a_folder(three):
    three.write(".jugrc", "[main]\njugfile=three.py\njugdir=%(jugfile)s-out\n")
    done = three("execute", "--short")
    assert (done.returncode, "three.py, the usual name" in done.stderr) == (0, True)
    assert "three-out" in three.names()


def test_the_command_line_goes_before_settings(failing):
    failing.write("jughpc.yaml", "keep_going: true\nshort: true\n")
    assert "Executed:  1 tasks" in failing("execute", "failing.py").stdout
    assert "Executed:  0 tasks" in failing("execute", "failing.py", "--no-keep-going", "--jugdir", "other").stdout
