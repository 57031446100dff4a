package esign.interop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import eu.europa.esig.dss.enumerations.CertificationPermission;
import eu.europa.esig.dss.enumerations.DigestAlgorithm;
import eu.europa.esig.dss.enumerations.SignatureAlgorithm;
import eu.europa.esig.dss.enumerations.SignatureLevel;
import eu.europa.esig.dss.model.DSSDocument;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.model.SignatureValue;
import eu.europa.esig.dss.model.ToBeSigned;
import eu.europa.esig.dss.model.x509.CertificateToken;
import eu.europa.esig.dss.pades.PAdESSignatureParameters;
import eu.europa.esig.dss.pades.PAdESTimestampParameters;
import eu.europa.esig.dss.pades.SignatureFieldParameters;
import eu.europa.esig.dss.pades.SignatureImageParameters;
import eu.europa.esig.dss.pades.SignatureImageTextParameters;
import eu.europa.esig.dss.pades.signature.PAdESService;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.spi.x509.revocation.crl.ExternalResourcesCRLSource;
import eu.europa.esig.dss.spi.x509.tsp.KeyEntityTSPSource;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Calendar;
import java.util.List;
import java.util.Map;
import org.apache.pdfbox.Loader;
import org.apache.pdfbox.pdmodel.PDDocument;

/**
 * Signs, raises and time-stamps with EU DSS, and saves with PDFBox. Requests from standard input, one JSON object a line,
 * each answered in its turn with one line, {@code {}} or an {@code exception}:
 *
 * <pre>
 * {"act": "sign", "file": ..., "to": ..., "level": "B|T|LT|LTA", "signer": "name", "field": "T", "permission": 0, "box": [x, y]}
 * {"act": "extend", "file": ..., "to": ..., "level": "LTA"}
 * {"act": "stamp", "file": ..., "to": ...}
 * {"act": "save", "file": ..., "to": ..., "incremental": true}
 * </pre>
 *
 * The argument is a folder: for each holder {@code name.key} (PKCS #8) and {@code name.crt}, for the time-stamps those of
 * {@code stamper}; {@code root.crt} and {@code crl}; all DER, keys elliptic.
 */
public final class Signers {
    private static final ObjectMapper JSON = new ObjectMapper();
    private final Path folder;
    private final PAdESService service;
    private final CertificateToken root;

    private Signers(Path folder) throws IOException, GeneralSecurityException {
        this.folder = folder;
        root = certificate("root");
        CommonTrustedCertificateSource anchors = new CommonTrustedCertificateSource();
        anchors.addCertificate(root);
        CommonCertificateVerifier verifier = new CommonCertificateVerifier();
        verifier.setTrustedCertSources(anchors);
        verifier.setCrlSource(new ExternalResourcesCRLSource(new FileDocument(folder.resolve("crl").toFile())));
        verifier.setAIASource(null);
        verifier.setOcspSource(null);
        service = new PAdESService(verifier);
        List<CertificateToken> chain = List.of(certificate("stamper"), root);
        KeyEntityTSPSource stamper = new KeyEntityTSPSource(key("stamper"), certificate("stamper"), chain);
        stamper.setTsaPolicy("1.2.3.4.5");
        service.setTspSource(stamper);
    }

    public static void main(String[] arguments) throws IOException, GeneralSecurityException {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err);
        Signers signers = new Signers(Path.of(arguments[0]));
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            Map<String, String> answer = Map.of();
            try {
                signers.act(JSON.readTree(line));
            } catch (Throwable thrown) { // whatever it is belongs to this file's answer
                answer = Map.of("exception", thrown.toString());
            }
            out.println(JSON.writeValueAsString(answer));
        }
    }

    private void act(JsonNode request) throws IOException, GeneralSecurityException {
        Path file = Path.of(request.path("file").asText());
        Path to = Path.of(request.path("to").asText());
        DSSDocument document = new FileDocument(file.toFile());
        switch (request.path("act").asText()) {
            case "sign" -> sign(document, request).save(to.toString());
            case "extend" -> {
                PAdESSignatureParameters parameters = new PAdESSignatureParameters();
                parameters.setSignatureLevel(level(request));
                service.extendDocument(document, parameters).save(to.toString());
            }
            case "stamp" -> service.timestamp(document, new PAdESTimestampParameters()).save(to.toString());
            case "save" -> resave(file, to, request.path("incremental").asBoolean());
            default -> throw new IllegalArgumentException("no such act");
        }
    }

    private DSSDocument sign(DSSDocument document, JsonNode request) throws IOException, GeneralSecurityException {
        String signer = request.path("signer").asText();
        PAdESSignatureParameters parameters = new PAdESSignatureParameters();
        parameters.setSignatureLevel(level(request));
        parameters.setDigestAlgorithm(DigestAlgorithm.SHA256);
        parameters.setSigningCertificate(certificate(signer));
        parameters.setCertificateChain(certificate(signer), root);
        parameters.setReason("Menyetujui isi surat");
        parameters.setLocation("Tirtamulya");
        CertificationPermission[] permissions = CertificationPermission.values();
        if (request.path("permission").asInt() > 0) {
            parameters.setPermission(permissions[request.path("permission").asInt() - 1]);
        }
        SignatureImageParameters image = new SignatureImageParameters();
        SignatureFieldParameters field = new SignatureFieldParameters();
        if (request.has("field")) {
            field.setFieldId(request.path("field").asText());
        }
        if (request.has("box")) {
            field.setOriginX(request.path("box").path(0).floatValue());
            field.setOriginY(request.path("box").path(1).floatValue());
            field.setWidth(140);
            field.setHeight(50);
            SignatureImageTextParameters text = new SignatureImageTextParameters();
            text.setText(signer);
            image.setTextParameters(text);
        }
        image.setFieldParameters(field);
        if (request.has("box") || request.has("field")) {
            parameters.setImageParameters(image);
        }
        ToBeSigned data = service.getDataToSign(document, parameters);
        Signature signature = Signature.getInstance("SHA256withECDSA");
        signature.initSign(key(signer));
        signature.update(data.getBytes());
        return service.signDocument(document, parameters, new SignatureValue(SignatureAlgorithm.ECDSA_SHA256, signature.sign()));
    }

    private static SignatureLevel level(JsonNode request) {
        return SignatureLevel.valueOf("PAdES_BASELINE_" + request.path("level").asText());
    }

    private static void resave(Path file, Path to, boolean incremental) throws IOException {
        try (PDDocument document = Loader.loadPDF(file.toFile())) {
            if (!incremental) {
                document.save(to.toFile());
                return;
            }
            document.getDocumentInformation().setModificationDate(Calendar.getInstance());
            document.getDocumentInformation().getCOSObject().setNeedToBeUpdated(true);
            document.getDocumentCatalog().getCOSObject().setNeedToBeUpdated(true);
            try (var out = Files.newOutputStream(to)) {
                document.saveIncremental(out);
            }
        }
    }

    private CertificateToken certificate(String name) {
        return DSSUtils.loadCertificate(folder.resolve(name + ".crt").toFile());
    }

    private PrivateKey key(String name) throws IOException, GeneralSecurityException {
        byte[] encoded = Files.readAllBytes(folder.resolve(name + ".key"));
        return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(encoded));
    }
}
