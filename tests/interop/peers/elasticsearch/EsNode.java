// SPDX-License-Identifier: GPL-3.0-or-later

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

/**
 * One node of Elasticsearch's core inside this JVM, on loopback, until SIGTERM:
 * {@code EsNode HOME PORT [setting=value ...]}. HOME/modules/transport-netty4 must hold the HTTP
 * module: since 8.x it is loaded as a Java module of its own and may not be on the class path.
 */
public final class EsNode {
    public static void main(String[] args) throws Exception {
        // Before anything of Elasticsearch logs: its loggers have no factory until then.
        LogConfigurator.configureESLogging();

        Path home = Path.of(args[0]).toAbsolutePath();
        Path config = Files.createDirectories(home.resolve("config"));
        Settings.Builder settings = Settings.builder()
                .put("path.home", home.toString())
                .put("path.data", home.resolve("data").toString())
                .put("path.logs", home.resolve("logs").toString())
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

        Node node = new Node(new Environment(settings.build(), config),
                PluginsLoader.createPluginsLoader(
                        PluginsLoader.loadModulesBundles(home.resolve("modules"), false),
                        Set.of(), Map.of(), false));
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
