package io.donjon.cli.git;

import io.donjon.cli.Failure;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.eclipse.jgit.lib.AnyObjectId;
import org.jspecify.annotations.Nullable;

/** Git itself, a process for each commit. The environment and the user's settings do not count. */
final class GitLister implements Lister {
    private final Path gitFolder;
    private final String name;

    private GitLister(Path gitFolder, String name) {
        this.gitFolder = gitFolder;
        this.name = name;
    }

    /** Git on this repository, or null if it is not installed. */
    static @Nullable GitLister find(Path gitFolder) {
        try {
            String version = new String(run(List.of("git", "--version")), StandardCharsets.UTF_8);
            return new GitLister(gitFolder, version.strip().replace(" version", ""));
        } catch (IOException notInstalled) {
            return null;
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public byte[] list(AnyObjectId commit) throws IOException {
        return run(List.of(
                "git",
                "--git-dir=" + gitFolder.toAbsolutePath(),
                "--no-replace-objects",
                "-c",
                "core.quotePath=true",
                "ls-tree",
                "-r",
                "--full-tree",
                commit.name()));
    }

    private static byte[] run(List<String> command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(new ArrayList<>(command));
        builder.environment().keySet().removeIf(variable -> variable.startsWith("GIT_"));
        builder.environment().put("GIT_CONFIG_NOSYSTEM", "1");
        builder.environment().put("GIT_CONFIG_GLOBAL", "/dev/null");
        builder.redirectError(ProcessBuilder.Redirect.DISCARD);
        Process process = builder.start();
        process.getOutputStream().close();
        try (InputStream out = process.getInputStream()) {
            byte[] bytes = out.readAllBytes();
            int code = process.waitFor();
            if (code != 0) {
                throw new Failure(String.join(" ", command) + " ended with exit code " + code);
            }
            return bytes;
        } catch (InterruptedException e) {
            process.destroy();
            Thread.currentThread().interrupt();
            throw new Failure("interrupted");
        }
    }
}
