// AclLines FILE BOOTSTRAP PROPERTIES: each line of FILE as a call of Kafka's own tool, all in one Java, for dev-kafka.
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

public class AclLines {
    public static void main(String[] args) throws Exception {
        for (String line : Files.readAllLines(Path.of(args[0]))) {
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            List<String> words = new ArrayList<>(List.of("--bootstrap-server", args[1], "--command-config", args[2]));
            words.addAll(List.of(line.split(" ")));
            kafka.admin.AclCommand.main(words.toArray(new String[0])); // ends the program when it is refused
        }
    }
}
