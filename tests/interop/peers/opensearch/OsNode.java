// SPDX-License-Identifier: GPL-3.0-or-later

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.index.mapper.MapperExtrasPlugin;
import org.opensearch.index.reindex.ReindexPlugin;
import org.opensearch.ingest.common.IngestCommonPlugin;
import org.opensearch.analysis.common.CommonAnalysisPlugin;
import org.opensearch.node.Node;
import org.opensearch.painless.PainlessPlugin;
import org.opensearch.plugins.Plugin;
import org.opensearch.transport.Netty4Plugin;

/**
 * One OpenSearch node inside this JVM, on loopback, until SIGTERM:
 * {@code OsNode HOME PORT [setting=value ...]}. Going through the protected constructor of Node
 * lets the modules sit on the class path and leaves out the bootstrap checks, so root may run it.
 */
public final class OsNode extends Node {
    private static final List<Class<? extends Plugin>> MODULES = List.of(
            Netty4Plugin.class, CommonAnalysisPlugin.class,
            IngestCommonPlugin.class, PainlessPlugin.class,
            ReindexPlugin.class, MapperExtrasPlugin.class);

    private OsNode(Environment environment) {
        super(environment, MODULES, false);
    }

    public static void main(String[] args) throws Exception {
        Path home = Path.of(args[0]).toAbsolutePath();
        Path config = Files.createDirectories(home.resolve("config"));
        Settings.Builder settings = Settings.builder()
                .put("path.home", home).put("path.data", home.resolve("data"))
                .put("path.logs", home.resolve("logs"))
                .put("cluster.name", "headrig-test").put("node.name", "n1")
                .put("discovery.type", "single-node")
                .put("network.host", "127.0.0.1")
                .put("http.port", args[1]).put("transport.port", "0")
                .put("http.type", "netty4").put("transport.type", "netty4")
                .put("cluster.routing.allocation.disk.threshold_enabled", false);
        for (String extra : List.of(args).subList(2, args.length)) {
            String[] pair = extra.split("=", 2);
            settings.put(pair[0], pair[1]);
        }

        OsNode node = new OsNode(new Environment(settings.build(), config));
        node.start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                node.close();
            } catch (Exception e) {
                e.printStackTrace();
            }
        }));
        new CountDownLatch(1).await();
    }
}
